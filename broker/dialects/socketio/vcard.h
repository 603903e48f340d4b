// Contact cards, which are objects in Meta's webhooks, and text for WhatsApp's own clients (RFC 2426, vCard 3.0).
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_VCARD_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_VCARD_H_

#include <boost/json/value.hpp>
#include <string>

namespace playhead::broker::socketio {

// `contact` is an element of model::Message::contacts. If it already contains a card as text, returns that.
std::string VCardOf(const boost::json::value& contact);
std::string DisplayNameOf(const boost::json::value& contact);

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_VCARD_H_
