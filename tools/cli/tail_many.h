// The half of `playhead tail` that streams many instances with one position.
#ifndef PLAYHEAD_TOOLS_CLI_TAIL_MANY_H_
#define PLAYHEAD_TOOLS_CLI_TAIL_MANY_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "client/client.h"

namespace playhead::tools {

// Prints what the subscription brings until Ctrl-C, until nobody reads the output, or until at least `count` events are
// printed and there is a position behind the last of them: there is none within a part. Then says on stderr behind
// which position to go on. An event counts as printed once it was written and flushed.
absl::Status TailMany(ManySubscription& subscription, bool json, std::optional<uint64_t> count);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_TAIL_MANY_H_
