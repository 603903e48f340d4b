// Webhooks that cannot be verified yet (`--webhook_unverified`): kept unchanged and hidden, and shown to a reader with
// the app secret that signed them.
#ifndef PLAYHEAD_BROKER_WEBHOOK_UNVERIFIED_H_
#define PLAYHEAD_BROKER_WEBHOOK_UNVERIFIED_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "broker/auth/clock.h"
#include "broker/auth/token_bucket.h"
#include "broker/core.h"
#include "broker/webhook/body.h"
#include "storage/callback.h"

namespace playhead::broker::webhook {

// The type of the events that hold such bodies: hidden from readers that do not ask for this type.
inline constexpr absl::string_view kUnverifiedType = "playhead.hidden.unverified_webhook";
// The attribute with the value of X-Hub-Signature-256.
inline constexpr absl::string_view kSignatureAttribute = "signature";

// A body is kept once for each instance that it names; a body that names more than this is refused.
inline constexpr size_t kUnverifiedInstancesMax = 16;

// Anybody can send bodies that cannot be verified, so each instance accepts them at a limited rate. Thread safety: all
// methods.
class UnverifiedStore {
 public:
  // `bytes_per_hour`: of bodies, for each instance; an hour's worth may come at once.
  UnverifiedStore(
      const Core& core, size_t bytes_per_hour, Clock clock = [] { return absl::Now(); });

  // Stores `body` once in each existing instance that `events`, its events, name. The id is derived from the body and
  // the signature, so a forged body can never take the place of another. `done` as for StoreBody, with the number of
  // new events.
  //   Unauthenticated    SIGNATURE_INVALID: none of the instances exists, or there are too many.
  //   ResourceExhausted  QUOTA_EXCEEDED: an instance has reached its rate.
  //   Others             as StoreBody.
  void Keep(std::unique_ptr<const std::string> body, const std::vector<BodyEvent>& events, std::string signature,
            storage::Callback<size_t> done);

 private:
  class Keeping;

  static constexpr size_t kPruneMin = 1024;

  absl::Status Charge(const std::vector<std::string>& instances, size_t bytes) ABSL_LOCKS_EXCLUDED(mu_);

  const Core core_;
  const size_t bytes_per_hour_;
  const Clock clock_;
  absl::Mutex mu_;
  // Only for instances that exist. Full buckets, which are as good as none, go when it has grown to `prune_at_`.
  absl::flat_hash_map<std::string, TokenBucket> buckets_ ABSL_GUARDED_BY(mu_);
  size_t prune_at_ ABSL_GUARDED_BY(mu_) = kPruneMin;
};

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_UNVERIFIED_H_
