#include "broker/dialects/vzaps/options.h"

namespace playhead::broker::vzaps {

void AddFlags(Options& options, DialectFlags& flags) {
  flags.Section("VZaps");
  flags.Duration("vzaps_first_frame_delay", &options.first_frame_delay, absl::ZeroDuration(), absl::Seconds(10),
                 "How long a connection waits with its first event, so that the application has its handlers in "
                 "place.");
}

}  // namespace playhead::broker::vzaps
