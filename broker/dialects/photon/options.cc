#include "broker/dialects/photon/options.h"

namespace playhead::broker::photon {

void AddFlags(Options& options, DialectFlags& flags) {
  flags.Section("Photon");
  flags.Choice<FirstSubscribe>(
      "photon_first_subscribe", &options.first_subscribe,
      {{"bounce", FirstSubscribe::kBounce}, {"live", FirstSubscribe::kLive}},
      "A Photon client's first SubscribeEvents: `bounce` ends it at once, so that the client fetches what is behind "
      "the cursor that it saved and subscribes again; `live` starts at the end of the log.");
}

}  // namespace playhead::broker::photon
