#include "storage/instances/log_instance.h"

#include <algorithm>
#include <utility>

namespace playhead::storage {

void LogInstance::Reload(const InstanceState& state) {
  if (exists() && number() != state.number) {
    assigned_ = AssignedState();
    assigned_.number = number();
    PublishDeleted();
    absl::MutexLock lock(&mu_);
    load_failure_ = absl::OkStatus();
    loaded_.store(true, std::memory_order_release);
    return;
  }
  assigned_ = AssignedState();
  assigned_.exists = state.number != InstanceNumber();
  assigned_.number = state.number;
  assigned_.created_at = state.created_at;
  assigned_.first = state.bounds.first;
  assigned_.head = state.bounds.head;
  assigned_.epochs = state.bounds.epochs;
  assigned_.last_appended_at = state.bounds.last_appended_at;
  assigned_.appended_bytes = state.bounds.appended_bytes;
  assigned_.epoch_base = state.epoch_base;
  assigned_.last_slice = state.last_slice;
  PublishCreated(state.number, state.created_at);
  absl::MutexLock lock(&mu_);
  producers_.clear();
  bounds_ = state.bounds;
  head_.store(state.bounds.head.value(), std::memory_order_release);
  load_failure_ = absl::OkStatus();
  loaded_.store(true, std::memory_order_release);
}

void LogInstance::SetNotLoaded(absl::Status why) {
  assigned_ = AssignedState();
  absl::MutexLock lock(&mu_);
  load_failure_ = std::move(why);
  loaded_.store(false, std::memory_order_release);
}

void LogInstance::NoteLoadFailure(absl::Status why) {
  absl::MutexLock lock(&mu_);
  load_failure_ = std::move(why);
}

absl::Status LogInstance::CheckLoaded() const {
  if (loaded_.load(std::memory_order_acquire)) return absl::OkStatus();
  absl::MutexLock lock(&mu_);
  return load_failure_;
}

void LogInstance::PublishCreated(InstanceNumber number, Timestamp created_at) {
  created_at_.store(created_at.micros(), std::memory_order_relaxed);
  number_.store(number.value(), std::memory_order_release);
}

void LogInstance::PublishEvents(const LogBounds& bounds) {
  absl::MutexLock lock(&mu_);
  const Cursor first = std::max(bounds_.first, bounds.first);
  bounds_ = bounds;
  bounds_.first = first;
  head_.store(bounds.head.value(), std::memory_order_release);
}

void LogInstance::PublishFirst(Cursor first) {
  absl::MutexLock lock(&mu_);
  bounds_.first = std::max(bounds_.first, first);
}

bool LogInstance::FindProducer(absl::string_view id, ProducerState& out) const {
  absl::MutexLock lock(&mu_);
  const auto found = producers_.find(id);
  if (found == producers_.end()) return false;
  out = found->second;
  return true;
}

void LogInstance::LearnProducer(absl::string_view id, uint64_t last_sequence, uint64_t durable_commit) {
  absl::MutexLock lock(&mu_);
  if (producers_forgotten_ > durable_commit) return;
  MakeRoomForProducer(durable_commit);
  // Notes `durable_commit`, although an older commit may have stored the sequence: appends that were resolved before it
  // are resolved again, because a run that was in flight then was found neither in memory nor on disk.
  producers_.try_emplace(id, ProducerState{last_sequence, durable_commit});
}

void LogInstance::AdvanceProducer(absl::string_view id, ProducerState state, uint64_t durable_commit) {
  absl::MutexLock lock(&mu_);
  const auto found = producers_.find(id);
  if (found != producers_.end()) {
    found->second = state;
    return;
  }
  MakeRoomForProducer(durable_commit);
  producers_.emplace(id, state);
}

void LogInstance::MakeRoomForProducer(uint64_t durable_commit) {
  // A sequence that is not yet durable cannot be found on disk, so it stays. The size of a commit bounds how many these
  // are.
  for (auto it = producers_.begin(); producers_.size() >= kProducersMax && it != producers_.end();) {
    if (it->second.last_commit <= durable_commit) {
      producers_forgotten_ = std::max(producers_forgotten_, it->second.last_commit);
      producers_.erase(it++);
    } else {
      ++it;
    }
  }
}

}  // namespace playhead::storage
