// The operations of Consumer that operators use.
#include <algorithm>
#include <utility>

#include "broker/consumers/consumer.h"
#include "proto/errors.h"

namespace playhead::broker {

using storage::Cursor;
using storage::InstanceNumber;

namespace {

// The number of ranges that these events form.
size_t RangeCount(std::vector<ParkedRow> rows) {
  std::sort(rows.begin(), rows.end(), [](const ParkedRow& a, const ParkedRow& b) {
    return std::pair(a.instance_number, a.cursor) < std::pair(b.instance_number, b.cursor);
  });
  size_t count = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const bool goes_on =
        i > 0 && rows[i].instance_number == rows[i - 1].instance_number && rows[i].cursor == rows[i - 1].cursor + 1;
    if (!goes_on) ++count;
  }
  return count;
}

// The events of the range up to `cursor`, and after it, without those up to `kept_after`. If the range spans one of
// these cursors, all its cursors up to there are taken for events.
struct Unsettled {
  uint64_t up_to = 0;
  uint64_t behind = 0;
};
Unsettled CountUnsettled(const UnsettledRange& range, Cursor cursor, Cursor kept_after) {
  const Cursor after = std::max(range.after, kept_after);
  if (range.last <= after) return {};
  const uint64_t kept = std::min<uint64_t>(range.event_count, range.last.sequence() - after.sequence());
  if (range.last <= cursor) return {.up_to = kept};
  if (after >= cursor) return {.behind = kept};
  const uint64_t front = std::min<uint64_t>(kept, cursor.sequence() - after.sequence());
  return {.up_to = front, .behind = kept - front};
}

}  // namespace

Consumer::ReplayLane::ReplayLane(uint32_t attempts_max, const ConsumerReplay& replay)
    : instance(replay.instance),
      state(
          attempts_max,
          {{},
           {{replay.instance->number(), replay.after, replay.last,
             static_cast<uint32_t>(std::min<uint64_t>(replay.last.sequence() - replay.after.sequence(), ~uint32_t{0})),
             0}}}) {}

ResetResult Consumer::PlanReset(const FeedPosition& from, const FeedPosition& to, const SourceSpans& spans) const {
  absl::MutexLock lock(&mu_);
  ResetResult result;
  result.one_instance = config_.source.one_instance();
  result.from = from;
  result.to = to;
  ParkedIndex::Cursors cursors;
  for (const auto& [instance, span] : spans.instances) {
    cursors.emplace(instance, span.to);
    if (span.to < span.from) {
      result.again.events += span.from.sequence() - span.to.sequence();
    } else {
      result.skipped.events += span.to.sequence() - span.from.sequence();
    }
  }
  for (const UnsettledRange& range : state_.Snapshot().unsettled) {
    const auto span = spans.instances.find(range.instance);
    if (span == spans.instances.end()) continue;
    const Unsettled unsettled = CountUnsettled(range, span->second.to, span->second.kept_after);
    // These are delivered in any case.
    result.again.events -= std::min(result.again.events, unsettled.behind);
    result.skipped.events += unsettled.up_to;
  }
  result.unparked = parked_.Behind(cursors).size();
  if (filter_ != nullptr) result.again.kind = result.skipped.kind = EventCount::Kind::kAtMost;
  if (!spans.complete) {
    result.again.kind = result.skipped.kind = EventCount::Kind::kAtLeast;
    // The filter may leave out any number of those that were counted.
    if (filter_ != nullptr) result.again.events = result.skipped.events = 0;
  }
  return result;
}

void Consumer::Reset(const FeedPosition& to, const ParkedIndex::Cursors& parked_after, storage::StatusCallback done) {
  {
    absl::MutexLock lock(&mu_);
    EndAll(MakeError(Reason::kConsumerReset, "the consumer was reset: open it again"));
    ConsumerSnapshot snapshot;
    snapshot.position = to;
    state_ = ConsumerState(config_.attempts_max, snapshot, config_.overtake);
    for (const uint64_t number : parked_.Behind(parked_after)) RemoveParked(number);
    gaps_.clear();
    changed_ = true;
    unwritten_.push_back(std::move(done));
  }
  Pump();
}

bool Consumer::IsParked(uint64_t number) const {
  absl::MutexLock lock(&mu_);
  return parked_.Contains(number);
}

void Consumer::Unpark(const std::vector<ParkedRow>& rows, bool requeue, storage::Callback<uint64_t> done) {
  {
    absl::ReleasableMutexLock lock(&mu_);
    if (requeue && state_.waiting_ranges() + RangeCount(rows) > kExceptionsMax) {
      lock.Release();
      return std::move(done)(MakeError(
          Reason::kConsumerFull, "the consumer remembers 10,000 ranges of unsettled events: requeue fewer at a time"));
    }
    const SteadyTime now = SteadyNow();
    for (const ParkedRow& row : rows) {
      RemoveParked(row.number);
      if (!requeue) continue;
      names_.emplace(row.instance_number, row.instance);
      state_.Requeue(row.instance_number, row.cursor, now);
    }
    unwritten_.push_back([left = parked_.size(), done = std::move(done)](absl::Status status) mutable {
      if (!status.ok()) return std::move(done)(std::move(status));
      std::move(done)(left);
    });
  }
  Pump();
}

void Consumer::Replay(ConsumerReplay replay, storage::Callback<ReplayOutcome> done) {
  {
    absl::ReleasableMutexLock lock(&mu_);
    absl::Status refused = closed_;
    if (refused.ok() && replays_.contains(replay.replay_id)) {
      refused = MakeError(Reason::kIdConflict, "a replay of this id runs for the consumer");
    }
    if (refused.ok() && IsSessionName(config_.name)) {
      refused = MakeError(Reason::kConsumerInvalid, "a session of a client takes no replays");
    }
    if (refused.ok() && !config_.source.Covers(replay.instance->name())) {
      refused = MakeError(Reason::kConsumerInvalid, "the consumer does not read this instance");
    }
    if (!refused.ok()) {
      lock.Release();
      return std::move(done)(std::move(refused));
    }
    if (replay.last > replay.after) {
      auto lane = std::make_unique<ReplayLane>(config_.attempts_max, replay);
      lane->done = std::move(done);
      replays_.emplace(replay.replay_id, std::move(lane));
    } else {
      lock.Release();
      return std::move(done)(ReplayOutcome());
    }
  }
  Pump();
}

void Consumer::CancelReplay(const std::string& replay_id) {
  {
    absl::MutexLock lock(&mu_);
    EndReplay(replay_id, absl::CancelledError("the replay was cancelled"));
  }
  Pump();
}

void Consumer::EndReplay(const std::string& replay_id, const absl::Status& status) {
  const auto found = replays_.find(replay_id);
  if (found == replays_.end()) return;
  answers_.emplace_back(
      [done = std::move(found->second->done)](absl::Status why) mutable { std::move(done)(std::move(why)); }, status);
  replays_.erase(found);
}

Consumer::Work Consumer::FinishReplay() {
  for (auto lane = replays_.begin(); lane != replays_.end(); ++lane) {
    const ReplayLane& replay = *lane->second;
    if (replay.state.Knows(replay.instance->number()) || replay.state.has_parking()) continue;
    if (replay.outcome.parked > 0 && writing_) continue;  // Its parked rows may still be in the write in progress.
    std::unique_ptr<ReplayLane> finished = std::move(lane->second);
    replays_.erase(lane);
    return [finished = std::move(finished)] { std::move(finished->done)(finished->outcome); };
  }
  return nullptr;
}

void Consumer::Forget(InstanceNumber instance, storage::StatusCallback done) {
  {
    absl::MutexLock lock(&mu_);
    state_.Forget(instance);
    for (const uint64_t number : parked_.Behind({{instance, Cursor()}})) RemoveParked(number);
    names_.erase(instance);
    instances_.erase(instance.value());
    if (buffered_ && buffered_->instance->number() == instance) {
      state_.PassOver(buffered_->to);
      buffered_.reset();
    }
    if (fed_gap_ && fed_gap_->instance != nullptr && fed_gap_->instance->number() == instance) {
      state_.PassOver(fed_gap_->to);
      fed_gap_.reset();
    }
    unwritten_.push_back(std::move(done));
  }
  Pump();
}

ConsumerState* Consumer::StateOf(const std::string& replay_id) {
  if (replay_id.empty()) return &state_;
  const auto found = replays_.find(replay_id);
  return found == replays_.end() ? nullptr : &found->second->state;
}

uint32_t Consumer::HeldEventCount() const {
  uint32_t count = state_.held_events();
  for (const auto& [id, lane] : replays_) count += lane->state.held_events();
  return count;
}

uint32_t Consumer::HeldEventCount(const Hold& hold) const {
  uint32_t count = state_.held_events(hold.number);
  for (const auto& [id, lane] : replays_) count += lane->state.held_events(hold.number);
  return count;
}

}  // namespace playhead::broker
