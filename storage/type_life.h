// How long events of some types live, in a log that keeps other events longer.
//
// Readers pass over an event that has outlived its type like one that their filter leaves out: their position moves
// past it, and no gap is reported. Its bytes are removed with its slice (docs/guarantees.md says when). A life counts
// from appended_at.
#ifndef PLAYHEAD_STORAGE_TYPE_LIFE_H_
#define PLAYHEAD_STORAGE_TYPE_LIFE_H_

#include <atomic>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "storage/own_instances.h"
#include "storage/types.h"

namespace playhead::storage {

struct TypeLife {
  std::string pattern;  // A type, or a prefix that ends in `*`.
  absl::Duration life;
};

// The lives of one log. Immutable.
class TypeLives {
 public:
  // The first pattern that matches a type applies.
  explicit TypeLives(std::vector<TypeLife> lives) : lives_(std::move(lives)) {}

  // nullopt: as long as the log keeps it.
  std::optional<absl::Duration> LifeOf(absl::string_view type) const;

  // Whether an event has outlived its type at `now`.
  bool IsOver(absl::string_view type, Timestamp appended_at, Timestamp now) const;

 private:
  const std::vector<TypeLife> lives_;
};

// The lives of all logs: by name, and for all names without lives of their own. Thread safety: all methods.
class TypeLifeTable {
 public:
  using Lives = std::shared_ptr<const TypeLives>;

  // Sets the lives for reads that begin from now on. nullptr: every type lives as long as the log keeps it. Without
  // `of_all` and names, a read costs only one atomic load. The broker's own instances have lives only by name.
  void Set(Lives of_all, absl::flat_hash_map<std::string, Lives> by_name) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    any_.store(of_all != nullptr || !by_name.empty(), std::memory_order_release);
    of_all_ = std::move(of_all);
    by_name_ = std::move(by_name);
  }

  Lives Find(absl::string_view instance) const {
    if (!any_.load(std::memory_order_acquire)) return nullptr;
    absl::MutexLock lock(&mu_);
    if (const auto found = by_name_.find(instance); found != by_name_.end()) return found->second;
    return IsOwnInstance(instance) ? nullptr : of_all_;
  }

 private:
  std::atomic<bool> any_{false};
  mutable absl::Mutex mu_;
  Lives of_all_ ABSL_GUARDED_BY(mu_);
  absl::flat_hash_map<std::string, Lives> by_name_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_TYPE_LIFE_H_
