// The canonical view: a fact as JSON. It is what a dialect shows of events of others where it has no shape of its own,
// and what a publisher that speaks no dialect gives as the data of an event with a canonical type.
//
//   message.*   {"message_id","chat","sender","sender_name","from_me","timestamp","type","text"} and, where there is
//               one, "media" {"id","url","mime","sha256","caption","filename","voice"}, "location" {"latitude",
//               "longitude","name","address"}, "contacts" […], "reaction" {"target","emoji"}, "target" (of edits and
//               deletions), "target_from_me", "reply_to", "forwarded", "interactive" {"type","id","title",
//               "description","response_json"}, "order", "system"
//   status.*    {"message_id","chat","participant"?,"from_me","timestamp","errors"?}
//   session.*   {"phone"?,"qr"?,"pairing_code"?,"reason"?,"status_code"?}
//   presence.*  {"chat","user","state","last_seen"?}
//   group.participants.*   {"group","author","participants":[…]}
//   all others  as they were published
//
// Times are whole seconds. Users and chats are named as broker/model/facts.h says.
#ifndef PLAYHEAD_BROKER_MODEL_VIEW_H_
#define PLAYHEAD_BROKER_MODEL_VIEW_H_

#include <boost/json/object.hpp>
#include <boost/json/value.hpp>

#include "broker/model/facts.h"

namespace playhead::broker::model {

// An object, for all kinds that have a shape above.
boost::json::value ViewOf(const Fact& fact);

// The reverse: reads the view of a fact of that kind, leniently. What a fact of the kind holds is always there.
Fact FromView(Kind kind, const boost::json::value& view);

// Whether the fact lacks what a client of any dialect relies on: of a message its id, chat, sender or time; of a status
// its message or chat; of a code the code; of a presence or a change of a group whose it is.
bool LacksValues(const Fact& fact);

}  // namespace playhead::broker::model

#endif  // PLAYHEAD_BROKER_MODEL_VIEW_H_
