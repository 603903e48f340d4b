// What this dialect asks about the app secrets that sign webhooks. Webhooks are another protocol, and no protocol knows
// another: the server binds the two (broker/photon_app_secrets.h).
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_APP_SECRETS_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_APP_SECRETS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/event_wire.h"

namespace playhead::broker::photon {

// Thread safety: all methods may be called from any thread.   Blocking: none; comparisons take the same time for each
// answer.
class AppSecrets {
 public:
  virtual ~AppSecrets() = default;

  // False if the webhooks of `instance` are verified with other secrets than this. True also when it has none.
  virtual bool MayBeOf(absl::string_view instance, absl::string_view app_secret) const = 0;

  // The type of the hidden events that hold webhooks which nobody could verify when they came.
  virtual absl::string_view unverified_type() const = 0;

  // One event as a verified webhook would have made it.
  struct Part {
    std::string type;
    std::string data;
  };

  // What `event`, of the above type, says of `instance`: nothing unless its signature holds under `app_secret`.
  virtual std::vector<Part> Verify(const EventView& event, absl::string_view instance,
                                   absl::string_view app_secret) = 0;
};

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_APP_SECRETS_H_
