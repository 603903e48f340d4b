// The app secrets in memory, under which a webhook's signature must be valid.
#ifndef PLAYHEAD_BROKER_WEBHOOK_SECRET_TABLE_H_
#define PLAYHEAD_BROKER_WEBHOOK_SECRET_TABLE_H_

#include <string>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/webhook/signature.h"

namespace playhead::broker::webhook {

// Used as the name for all instances without a secret of their own.
inline constexpr absl::string_view kAllInstances = "*";

struct AppSecret {
  std::string current;
  std::string previous;  // Empty if there is none.
  absl::Time previous_until = absl::InfinitePast();
  absl::Time set_at = absl::UnixEpoch();

  bool HasPrevious(absl::Time now) const { return !previous.empty() && now < previous_until; }
  // Whether the signature is valid under the secret or, while it is kept, the previous one.
  bool Holds(const Signature& signature, absl::string_view body, absl::Time now) const;
};

// Immutable once it is shared; thread-safe then.
class SecretTable {
 public:
  // By instance, or kAllInstances.
  absl::btree_map<std::string, AppSecret> secrets;

  bool empty() const { return secrets.empty(); }
  // Whether there is only one secret, for all instances, so that a signature can be checked before the body is parsed.
  bool is_one_for_all() const { return secrets.size() == 1 && secrets.begin()->first == kAllInstances; }
  // The instance's own secret, else that for all; nullptr if there is none.
  const AppSecret* Find(absl::string_view instance) const;
};

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_SECRET_TABLE_H_
