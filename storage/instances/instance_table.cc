#include "storage/instances/instance_table.h"

#include <utility>

#include "absl/hash/hash.h"

namespace playhead::storage {

std::shared_ptr<LogInstance> InstanceTable::Find(absl::string_view name) {
  absl::MutexLock lock(&mu_);
  const auto found = rows_.find(name);
  return found == rows_.end() ? nullptr : found->second.instance;
}

absl::StatusOr<std::shared_ptr<LogInstance>> InstanceTable::FindOrLoad(
    absl::string_view name, absl::FunctionRef<absl::StatusOr<InstanceState>(absl::string_view)> load) {
  if (auto found = Find(name)) return found;
  absl::MutexLock loading(&loading_[absl::Hash<absl::string_view>()(name) % loading_.size()]);
  if (auto found = Find(name)) return found;
  const auto state = load(name);
  if (!state.ok()) return state.status();
  auto instance = std::make_shared<LogInstance>(std::string(name), *state);
  absl::MutexLock lock(&mu_);
  recency_.emplace_front(name);
  rows_[name] = {instance, recency_.begin()};
  EvictIdle();
  return instance;
}

void InstanceTable::Erase(const LogInstance& instance) {
  absl::MutexLock lock(&mu_);
  const auto found = rows_.find(instance.name());
  if (found == rows_.end() || found->second.instance.get() != &instance) return;
  recency_.erase(found->second.recency);
  rows_.erase(found);
}

std::vector<std::shared_ptr<LogInstance>> InstanceTable::All() const {
  absl::MutexLock lock(&mu_);
  std::vector<std::shared_ptr<LogInstance>> all;
  all.reserve(rows_.size());
  for (const auto& [name, row] : rows_) all.push_back(row.instance);
  return all;
}

void InstanceTable::EvictIdle() {
  // References are handed out only under mu_, so a use count of one cannot rise meanwhile, except through a weak_ptr
  // (the quotas', who only read: what they find then is as of the eviction). Instances in use move to the front. A few
  // looks with each insertion suffice, since each adds only one instance.
  constexpr int kLooksMax = 8;
  for (int i = 0; i < kLooksMax && rows_.size() > idle_max_; ++i) {
    const auto oldest = std::prev(recency_.end());
    const auto row = rows_.find(*oldest);
    if (row->second.instance.use_count() == 1) {
      rows_.erase(row);
      recency_.erase(oldest);
    } else {
      recency_.splice(recency_.begin(), recency_, oldest);
    }
  }
}

}  // namespace playhead::storage
