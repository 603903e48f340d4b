#include "broker/dialects/multiwa/options.h"

namespace playhead::broker::multiwa {

void AddFlags(Options& options, DialectFlags& flags) {
  flags.Section("MultiWA");
  flags.Choice<ResumeMode>(
      "multiwa_resume", &options.resume, {{"grace", ResumeMode::kGrace}, {"off", ResumeMode::kOff}},
      "What a MultiWA client gets that lost its connection and subscribes again as before: `grace`: what came since "
      "the last event that it is known to have read, if it is back in time; `off`: what comes from then on.");
  flags.Duration("multiwa_grace", &options.grace, absl::Milliseconds(1), absl::Hours(24),
                 "How long such a client may be away.");
}

}  // namespace playhead::broker::multiwa
