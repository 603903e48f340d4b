// The key by which a client's session is found when the client returns.
#ifndef PLAYHEAD_BROKER_SESSIONS_SESSION_KEY_H_
#define PLAYHEAD_BROKER_SESSIONS_SESSION_KEY_H_

#include <string>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace playhead::broker {

// `<dialect>.<32 hexadecimal digits>`: 128 bits of the SHA-256 of the parts, each with its length, so that no other
// list of parts has the same key. The parts cannot be recovered from it, so they may include secrets. `dialect` is a
// literal of letters and digits.
std::string SessionKey(absl::string_view dialect, absl::Span<const absl::string_view> parts);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SESSIONS_SESSION_KEY_H_
