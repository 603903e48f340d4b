// The half of `playhead tail` that streams many instances with one position.
#ifndef PLAYHEAD_TOOLS_CLI_TAIL_MANY_H_
#define PLAYHEAD_TOOLS_CLI_TAIL_MANY_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "client/client.h"

namespace playhead::tools {

// Prints the subscription's events until Ctrl-C, until the output is closed, or until at least `count` events are
// printed and there is a position right after the last of them; there is none within a part. Then prints on stderr the
// position from which to go on. An event counts as printed once it was written and flushed.
absl::Status TailMany(ManySubscription& subscription, bool json, std::optional<uint64_t> count);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_TAIL_MANY_H_
