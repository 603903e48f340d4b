#include "broker/grpc/instance_numbers.h"

#include <utility>

#include "absl/status/statusor.h"

namespace playhead::broker {

void InstanceNumbers::Remember(const storage::Instance& instance) {
  absl::MutexLock lock(&mu_);
  if (instance.number() == last_) return;
  if (numbers_.size() >= kRememberedMax) numbers_.clear();
  last_ = instance.number();
  numbers_[instance.name()] = last_;
}

void InstanceNumbers::Find(absl::flat_hash_set<std::string> names, absl::AnyInvocable<void(Found) &&> done) {
  Found found;
  {
    absl::MutexLock lock(&mu_);
    absl::erase_if(names, [&](const std::string& name) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) {
      const auto known = numbers_.find(name);
      if (known == numbers_.end()) return false;
      found.insert(*known);
      return true;
    });
  }
  FindNext(std::move(names), std::move(found), std::move(done));
}

void InstanceNumbers::FindNext(absl::flat_hash_set<std::string> names, Found found,
                               absl::AnyInvocable<void(Found) &&> done) {
  if (names.empty()) return std::move(done)(std::move(found));
  const std::string name = *names.begin();
  names.erase(names.begin());
  log_.OpenInstance(name, storage::OpenMode::kExisting,
                    [self = shared_from_this(), names = std::move(names), found = std::move(found),
                     done = std::move(done)](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) mutable {
                      if (instance.ok()) {
                        self->Remember(**instance);
                        found[(*instance)->name()] = (*instance)->number();
                      }
                      self->FindNext(std::move(names), std::move(found), std::move(done));
                    });
}

}  // namespace playhead::broker
