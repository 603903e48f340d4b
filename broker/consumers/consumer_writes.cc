// The part of Consumer that writes its state to disk.
#include <algorithm>
#include <chrono>
#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/consumers/consumer.h"
#include "broker/consumers/parked_list.h"
#include "broker/log.h"
#include "proto/errors.h"

namespace playhead::broker {

using storage::InstanceNumber;

namespace {

// The delay before a failed write is tried again.
constexpr std::chrono::milliseconds kWriteRetryDelay(100);

// How many rows of the parked list one write creates, and how many it deletes. Together with the state they stay within
// the limits of a write.
constexpr size_t kParkedRowsPerWrite = 400;

}  // namespace

bool Consumer::Dirty(SteadyTime now) const {
  if (state_.version() != durable_version_ || changed_ || !unparked_.empty()) return true;
  if (HasParking() && !ParkedFull()) return true;
  return state_.position() != durable_.position && (holds_.empty() || now >= progress_at_);
}

void Consumer::StartWrite(SteadyTime now) {
  if (writing_) {
    if (write_failed_ && now >= write_at_) SendWrite();
    return;
  }
  if (abandoned_ || !Dirty(now)) {
    absl::Status status;
    if (abandoned_) status = stopping_ ? MakeError(Reason::kShuttingDown, "the broker stops") : closed_;
    for (storage::StatusCallback& done : unwritten_) answers_.emplace_back(std::move(done), status);
    unwritten_.clear();
    return;
  }
  writing_ = true;
  in_write_ = std::exchange(unwritten_, {});
  write_rows_.clear();
  changed_ = false;
  size_t parked = AddParkedRows(state_, kParkedRowsPerWrite);
  for (const auto& [id, lane] : replays_) {
    const size_t of_replay = AddParkedRows(lane->state, kParkedRowsPerWrite - parked);
    lane->outcome.parked += of_replay;
    parked += of_replay;
  }
  for (size_t i = 0; i < kParkedRowsPerWrite && !unparked_.empty(); ++i) {
    const uint64_t number = unparked_.PopFirst();
    write_rows_.push_back({storage::RecordSpace::kConsumers, ParkedRowKey(config_.name, number), std::nullopt});
  }
  StoredState stored = MakeState();
  std::vector<storage::RecordChange> rows = StateRows(config_.name, stored, durable_rows_);
  write_state_rows_ = static_cast<size_t>(
      std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.value.has_value(); }));
  std::move(rows.begin(), rows.end(), std::back_inserter(write_rows_));
  write_version_ = state_.version();
  write_snapshot_ = std::move(stored.snapshot);
  SendWrite();
}

size_t Consumer::AddParkedRows(ConsumerState& state, size_t max) {
  const uint64_t room = ParkedMax() - std::min<uint64_t>(ParkedMax(), parked_.size());
  std::vector<ConsumerState::ParkedEvent> events =
      state.TakeParking(config_.overtake ? max : std::min<uint64_t>(max, room));
  auto& counted = IsSessionName(config_.name) ? core_.metrics.parked_events_of_sessions : core_.metrics.parked_events;
  counted.Increment(static_cast<double>(events.size()));
  for (ConsumerState::ParkedEvent& event : events) {
    if (parked_.size() >= ParkedMax()) break;  // The remaining events are given up without a row.
    ParkedRow row;
    row.number = last_parked_number_ + 1;
    row.instance = NameOf(event.instance);
    row.instance_number = event.instance;
    row.cursor = event.cursor;
    row.attempts = event.attempts;
    row.reason = std::move(event.reason);
    row.parked_at = storage::Timestamp::Now();
    // An event of a replay may already be in the list, and an event parked by a replay may later come as a regular
    // delivery.
    if (!parked_.Add(row)) continue;
    ++last_parked_number_;
    write_rows_.push_back(ParkedRowOf(config_.name, row));
  }
  return events.size();
}

void Consumer::RemoveParked(uint64_t number) {
  if (parked_.Remove(number)) unparked_.Insert(number);
  changed_ = true;
}

bool Consumer::ParkedFull() const { return !config_.overtake && HasParking() && parked_.size() >= kParkedMax; }

bool Consumer::HasParking() const {
  return state_.has_parking() || std::any_of(replays_.begin(), replays_.end(),
                                             [](const auto& lane) { return lane.second->state.has_parking(); });
}

StoredState Consumer::MakeState() {
  StoredState stored;
  stored.snapshot = state_.Snapshot();
  for (const UnsettledRange& range : stored.snapshot.unsettled) {
    if (!stored.names.contains(range.instance)) stored.names[range.instance] = NameOf(range.instance);
  }
  // Forget the names and instances of events that are settled. Those that are unsettled after the position are still
  // needed.
  for (auto known = names_.begin(); known != names_.end();) {
    known = state_.Knows(known->first) ? std::next(known) : names_.erase(known);
  }
  names_.insert(stored.names.begin(), stored.names.end());
  for (auto open = instances_.begin(); open != instances_.end();) {
    const bool needed = state_.Knows(InstanceNumber(open->first)) || open->second == instance_;
    if (needed) {
      ++open;
    } else {
      instances_.erase(open++);
    }
  }
  stored.last_parked_number = last_parked_number_;
  stored.unparked = unparked_;
  return stored;
}

std::string Consumer::NameOf(InstanceNumber instance) const {
  if (const auto open = instances_.find(instance.value()); open != instances_.end()) return open->second->name();
  for (const auto& [id, lane] : replays_) {
    if (lane->instance->number() == instance) return lane->instance->name();
  }
  if (config_.source.one_instance()) return config_.source.name;
  const auto known = names_.find(instance);
  return known == names_.end() ? "" : known->second;
}

void Consumer::SendWrite() {
  write_failed_ = false;
  core_.log.records().Write(write_rows_,
                            [self = shared_from_this()](absl::Status status) { self->OnWritten(std::move(status)); });
}

void Consumer::OnWritten(absl::Status status) {
  {
    absl::MutexLock lock(&mu_);
    const SteadyTime now = SteadyNow();
    const bool is_over = status.ok() || stopping_ || abandoned_;
    if (is_over) {
      writing_ = false;
      abandoned_ |= !status.ok();
      for (storage::StatusCallback& done : in_write_) answers_.emplace_back(std::move(done), status);
      in_write_.clear();
    }
    if (status.ok()) {
      durable_ = std::move(write_snapshot_);
      durable_version_ = write_version_;
      durable_rows_ = write_state_rows_;
      progress_at_ = now + absl::ToChronoNanoseconds(kProgressWriteInterval);
    } else if (!is_over) {
      LogWarning("consumer_write_failed", absl::StrCat("consumer=", config_.name), status);
      write_failed_ = true;
      write_at_ = now + kWriteRetryDelay;
    }
  }
  Pump();
}

Consumer::Work Consumer::NextDeletion(SteadyTime now) {
  if (writing_ || delete_at_ > now) return nullptr;
  delete_at_ = SteadyTime::max();
  return [self = shared_from_this()] {
    DeleteConsumerRows(self->core_.log.records(), self->stored_config(),
                       [self](absl::Status status) { self->OnRowsDeleted(std::move(status)); });
  };
}

void Consumer::OnRowsDeleted(absl::Status status) {
  {
    absl::MutexLock lock(&mu_);
    if (IsRetryable(status) && !stopping_) {
      LogWarning("consumer_deletion_failed", absl::StrCat("consumer=", config_.name), status);
      delete_at_ = SteadyNow() + kWriteRetryDelay;
    } else {
      for (storage::StatusCallback& done : deletions_) answers_.emplace_back(std::move(done), status);
      deletions_.clear();
    }
  }
  Pump();
}

}  // namespace playhead::broker
