// The queries of dialects about the app secrets that sign webhooks. Webhooks are another protocol, and protocols do not
// depend on each other, so the server provides the implementation (broker/webhook/stored_app_secrets.h).
#ifndef PLAYHEAD_BROKER_DIALECTS_APP_SECRETS_H_
#define PLAYHEAD_BROKER_DIALECTS_APP_SECRETS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "proto/event_wire.h"

namespace playhead::broker {

// Thread safety: all methods may be called from any thread.   Blocking: none. Comparisons take constant time.
class AppSecrets {
 public:
  virtual ~AppSecrets() = default;

  // False if the webhooks of `instance` are verified with other secrets than this one. True if it has no secrets.
  virtual bool MayBeOf(absl::string_view instance, absl::string_view app_secret) const = 0;

  // The type of the hidden events that hold webhooks which could not be verified when they arrived.
  virtual absl::string_view unverified_type() const = 0;

  // An event in the form that a verified webhook creates.
  struct Part {
    std::string type;
    std::string data;
  };

  // Returns the contents for `instance` of `event`, which is of the above type; empty if its signature does not verify
  // with `app_secret`.
  virtual std::vector<Part> Verify(const EventView& event, absl::string_view instance,
                                   absl::string_view app_secret) = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_DIALECTS_APP_SECRETS_H_
