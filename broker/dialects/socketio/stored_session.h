// What the broker remembers about a client of this dialect, so that it can return: the value of a record of
// SessionStore.
#ifndef PLAYHEAD_BROKER_DIALECTS_SOCKETIO_STORED_SESSION_H_
#define PLAYHEAD_BROKER_DIALECTS_SOCKETIO_STORED_SESSION_H_

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/model/position.h"

namespace playhead::broker::socketio {

// The SessionStore keys of this dialect start with this and a dot.
inline constexpr absl::string_view kSessionDialect = "socketio";
// The keys of its AckedSessions start with this and a dot.
inline constexpr absl::string_view kAckedDialect = "socketioacked";

struct StoredSession {
  std::string name_space;
  std::vector<std::string> names;  // The events that it is subscribed to.
  // The client has everything up to here: where it started, or what it sent last.
  model::Position position;
  std::string sid;        // For a client that sends its position.
  std::string acked_key;  // For an acknowledging client: the key of its AckedSession.

  friend bool operator==(const StoredSession&, const StoredSession&) = default;
};

// As JSON (docs/on-disk-format.md).
std::string EncodeSession(const StoredSession& session);
// nullopt if `value` is not an encoded session.
std::optional<StoredSession> DecodeSession(absl::string_view value);

}  // namespace playhead::broker::socketio

#endif  // PLAYHEAD_BROKER_DIALECTS_SOCKETIO_STORED_SESSION_H_
