// The instances in memory, by name: those that are held, and the most recently used of the others.
#ifndef PLAYHEAD_STORAGE_INSTANCES_INSTANCE_TABLE_H_
#define PLAYHEAD_STORAGE_INSTANCES_INSTANCE_TABLE_H_

#include <array>
#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "storage/instances/log_instance.h"

namespace playhead::storage {

// Thread safety: all methods.
class InstanceTable {
 public:
  explicit InstanceTable(size_t idle_max) : idle_max_(idle_max) {}

  // The instance if it is in memory, else nullptr. Does not read the disk.
  std::shared_ptr<LogInstance> Find(absl::string_view name) ABSL_LOCKS_EXCLUDED(mu_);

  // The instance, loaded with `load` if necessary: never twice at once for one name, so there is at most one
  // LogInstance per name at any time.
  absl::StatusOr<std::shared_ptr<LogInstance>> FindOrLoad(
      absl::string_view name, absl::FunctionRef<absl::StatusOr<InstanceState>(absl::string_view)> load)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Forgets a deleted instance, so that the name is loaded again when it is next asked for. Does nothing if it is
  // already forgotten.
  void Erase(const LogInstance& instance) ABSL_LOCKS_EXCLUDED(mu_);

  // Everything in memory, loaded or not: to be reloaded after the store was reopened.
  std::vector<std::shared_ptr<LogInstance>> All() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Row {
    std::shared_ptr<LogInstance> instance;
    std::list<std::string>::iterator recency;
  };

  void EvictIdle() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const size_t idle_max_;
  std::array<absl::Mutex, 64> loading_;  // By hash of the name; taken before mu_.
  mutable absl::Mutex mu_;
  absl::flat_hash_map<std::string, Row> rows_ ABSL_GUARDED_BY(mu_);
  std::list<std::string> recency_ ABSL_GUARDED_BY(mu_);  // Most recently loaded or seen in use first.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_INSTANCES_INSTANCE_TABLE_H_
