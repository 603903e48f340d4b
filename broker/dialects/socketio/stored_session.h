// What the broker keeps of a client of this dialect, so that it can come back: the value of a record of SessionStore.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_STORED_SESSION_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_STORED_SESSION_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/model/position.h"

namespace playhead::broker::socketio {

// The SessionStore keys of this dialect begin with this and a dot.
inline constexpr absl::string_view kSessionDialect = "socketio";
// And those of its AckedSessions with this.
inline constexpr absl::string_view kAckedDialect = "socketioacked";

struct StoredSession {
  std::string name_space;
  std::vector<std::string> names;  // Subscribed to.
  // The client has everything up to here: where it began, or what it said last.
  model::Position position;
  std::string sid;        // Of a client that says where it was.
  std::string acked_key;  // Of a client that acknowledges: the key of its AckedSession.

  friend bool operator==(const StoredSession&, const StoredSession&) = default;
};

// As JSON (docs/on-disk-format.md).
std::string EncodeSession(const StoredSession& session);
// nullopt if `value` is none.
std::optional<StoredSession> DecodeSession(absl::string_view value);

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_STORED_SESSION_H_
