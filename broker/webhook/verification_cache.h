// Decides what a reader with an app secret sees of unverified webhooks.
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

// The maximum number of cached answers, about 200 bytes each; the older half is dropped at a time.
inline constexpr size_t kVerificationsMax = 20'000;

// Thread safety: all methods.   Blocking: none; an answer that is not cached costs an HMAC over the body.
class VerificationCache {
 public:
  explicit VerificationCache(size_t entries_max = kVerificationsMax) : entries_max_(entries_max) {}

  // Whether the stored `event` of kUnverifiedType is signed under `app_secret`. False for an empty secret and for any
  // other event.
  bool Holds(const EventView& event, absl::string_view app_secret) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Answers = absl::flat_hash_map<std::string, bool>;

  const size_t entries_max_;
  absl::Mutex mu_;
  // By event id, which is derived from body and signature, and the hash of the secret. When `recent_` reaches half of
  // `entries_max_`, it replaces `older_`.
  Answers recent_ ABSL_GUARDED_BY(mu_);
  Answers older_ ABSL_GUARDED_BY(mu_);
};

// The events for `instance` in the body of such an event, in order: the parts that dialects render. They point into
// `body`. Empty if there are none.
std::vector<BodyEvent> PartsOfUnverified(absl::string_view body, absl::string_view instance);

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_VERIFICATION_CACHE_H_
