// Maps the instance names that a client uses to numbers.
#ifndef PLAYHEAD_BROKER_GRPC_INSTANCE_NUMBERS_H_
#define PLAYHEAD_BROKER_GRPC_INSTANCE_NUMBERS_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Remembers the instances that a stream has recently used, and asks the log for others.
// Thread safety: all methods may be called from any thread.   Blocking: none.   Ownership: borrows `log`.
class InstanceNumbers : public std::enable_shared_from_this<InstanceNumbers> {
 public:
  // When this many are remembered, all of them are forgotten.
  static constexpr size_t kRememberedMax = 1024;

  using Found = absl::flat_hash_map<std::string, storage::InstanceNumber>;

  explicit InstanceNumbers(storage::EventLog& log) : log_(log) {}

  // If a name now belongs to another instance, the one remembered last counts.
  void Remember(const storage::Instance& instance) ABSL_LOCKS_EXCLUDED(mu_);

  // Calls `done` with the numbers of those `names` that exist, inside the call or on a thread of the log.
  void Find(absl::flat_hash_set<std::string> names, absl::AnyInvocable<void(Found) &&> done) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void FindNext(absl::flat_hash_set<std::string> names, Found found, absl::AnyInvocable<void(Found) &&> done)
      ABSL_LOCKS_EXCLUDED(mu_);

  storage::EventLog& log_;
  absl::Mutex mu_;  // Guards the members below it.
  Found numbers_ ABSL_GUARDED_BY(mu_);
  storage::InstanceNumber last_ ABSL_GUARDED_BY(mu_);  // Remembered last, and usually the next one, too.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_INSTANCE_NUMBERS_H_
