// The canonical view: a fact as JSON. Dialects use it to show events of other dialects for which they have no form of
// their own; publishers without a dialect use it as the data of events with canonical types.
//
//  message.*   {"message_id","chat","sender","sender_name","from_me","timestamp","type","text"} and, if present,
//              "media" {"id","url","mime","sha256","caption","filename","voice"}, "location" {"latitude",
//              "longitude","name","address"}, "contacts" […], "reaction" {"target","emoji"}, "target" (of edits and
//              deletions), "target_from_me", "reply_to", "forwarded", "interactive" {"type","id","title",
//              "description","response_json"}, "order", "system"
//   status.*    {"message_id","chat","participant"?,"from_me","timestamp","errors"?}
//   session.*   {"phone"?,"qr"?,"pairing_code"?,"reason"?,"status_code"?}
//   presence.*  {"chat","user","state","last_seen"?}
//   group.participants.*   {"group","author","participants":[…]}
//   all others  as published
//
// Times are whole seconds. Users and chats are named as broker/model/facts.h says.
#ifndef PLAYHEAD_BROKER_MODEL_VIEW_H_
#define PLAYHEAD_BROKER_MODEL_VIEW_H_

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "broker/model/facts.h"

namespace playhead::broker::model {

// An object for all kinds that have a form above.
boost::json::value ViewOf(const Fact& fact);

// The inverse: reads the view of a fact of that kind, leniently. The result always holds the type that the kind
// requires.
Fact FromView(Kind kind, const boost::json::value& view);

// Whether the fact lacks a value that clients of any dialect rely on: the id, chat, sender or time of a message; the
// message or chat of a status; the code of a QR or pairing code; the owner of a presence or of a change of a group.
bool LacksValues(const Fact& fact);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_VIEW_H_
