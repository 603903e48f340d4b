// What a reader with an app secret sees of webhooks that were kept unverified.
#ifndef PLAYHEAD_BROKER_WEBHOOK_VERIFICATION_CACHE_H_
#define PLAYHEAD_BROKER_WEBHOOK_VERIFICATION_CACHE_H_

#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "broker/webhook/body.h"
#include "proto/event_wire.h"

namespace playhead::broker::webhook {

// Answers are remembered up to this number, about 200 bytes each; older ones are forgotten in halves.
inline constexpr size_t kVerificationsMax = 20'000;

// Thread safety: all methods.   Blocking: none; an answer that is not remembered costs an HMAC over the body.
class VerificationCache {
 public:
  explicit VerificationCache(size_t entries_max = kVerificationsMax) : entries_max_(entries_max) {}

  // Whether `event`, of kUnverifiedType and as it is stored, is signed under `app_secret`. False for an empty secret
  // and for every other event.
  bool Holds(const EventView& event, absl::string_view app_secret) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Answers = absl::flat_hash_map<std::string, bool>;

  const size_t entries_max_;
  absl::Mutex mu_;
  // By event id, which is made of body and signature, and the secret's hash. When the first is half of the whole it
  // becomes the second, whose answers are forgotten.
  Answers recent_ ABSL_GUARDED_BY(mu_);
  Answers older_ ABSL_GUARDED_BY(mu_);
};

// The events of `instance` that the body of such an event makes, in their order: the parts as which it is rendered.
// They point into `body`. Empty if it makes none.
std::vector<BodyEvent> PartsOfUnverified(absl::string_view body, absl::string_view instance);

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_VERIFICATION_CACHE_H_
