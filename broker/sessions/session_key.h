// What a session of a client is found by when the client comes back.
#ifndef PLAYHEAD_BROKER_SESSIONS_SESSION_KEY_H_
#define PLAYHEAD_BROKER_SESSIONS_SESSION_KEY_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace playhead::broker {

// `<dialect>.<32 hexadecimal digits>`: 128 bits of the SHA-256 of the parts, each with its length, so that no other
// list of parts has the same. Nothing of the parts can be read back, so secrets may be among them. `dialect` is a
// literal of letters and digits.
std::string SessionKey(absl::string_view dialect, absl::Span<const absl::string_view> parts);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SESSIONS_SESSION_KEY_H_
