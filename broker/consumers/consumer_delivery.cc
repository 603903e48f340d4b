// The part of Consumer that makes deliveries.
#include <algorithm>
#include <chrono>
#include <utility>

#include "broker/consumers/consumer.h"
#include "broker/consumers/held_slices.h"
#include "broker/read/slice_compaction.h"
#include "proto/errors.h"

namespace playhead::broker {

using storage::Cursor;
using storage::Instance;
using storage::InstanceNumber;

namespace {

// The delay before reads are tried again after a temporary error of the store.
constexpr std::chrono::milliseconds kReadRetryDelay(200);

// A claim may include settled events between the waiting ones, so this many more events are read.
constexpr uint32_t kReadAgainExtra = 64;

}  // namespace

Consumer::Work Consumer::NextDelivery(SteadyTime now) {
  for (size_t turn = 0; turn < holds_.size(); ++turn) {
    const HoldPtr hold = holds_[(next_hold_ + turn) % holds_.size()];
    if (!hold->next) continue;
    auto delivery = Step(hold, now);
    if (!delivery) continue;
    next_hold_ = (next_hold_ + turn + 1) % holds_.size();
    hold->last_delivery = now;
    return [callback = *std::exchange(hold->next, std::nullopt), delivery = *std::move(delivery)]() mutable {
      std::move(callback)(std::move(delivery));
    };
  }
  return nullptr;
}

std::optional<HolderDelivery> Consumer::Step(const HoldPtr& hold, SteadyTime now) {
  if (!hold->opened) {
    if (feed_ == nullptr) return std::nullopt;  // However long it takes to open, nothing precedes HolderOpened.
    hold->opened = true;
    return HolderOpened{config_, durable_.position, hold->in_flight_max, instance_};
  }
  if (fed_gap_) {
    // The position moves past the gap only when a holder is told, because after that no feed would find the gap again.
    const FeedGap gap = *std::exchange(fed_gap_, std::nullopt);
    state_.PassOver(gap.to);
    return HolderGap{gap.instance, gap.gap, gap.instance != nullptr};
  }
  if (!gaps_.empty()) {
    HolderGap gap = std::move(gaps_.front());
    gaps_.pop_front();
    return gap;
  }
  if (!ParkedFull() && Capacity(*hold) > 0) {
    if (auto held = TakeAgain(*hold)) return *std::move(held);
    StartAgain(hold, now);
    if (!hold->failure.ok()) return std::nullopt;
    if (!gaps_.empty()) return Step(hold, now);
    if (auto held = TakeFresh(*hold)) return *std::move(held);
  }
  if (feed_caught_up_ && !hold->caught_up && !buffered_ && state_.waiting_ranges() == 0) {
    hold->caught_up = true;
    return HolderCaughtUp{state_.fed()};
  }
  if (now < hold->last_delivery + HeartbeatInterval(*hold)) return std::nullopt;
  hold->told = durable_.position;
  return HolderHeartbeat{durable_.position, HeldEventCount(*hold), Pause()};
}

std::chrono::nanoseconds Consumer::HeartbeatInterval(const Hold& hold) const {
  return absl::ToChronoNanoseconds(hold.told == durable_.position ? core_.limits.heartbeat_interval
                                                                  : core_.limits.progress_interval);
}

uint32_t Consumer::Capacity(const Hold& hold) const {
  const auto left = [](uint32_t max, uint32_t held) { return max - std::min(max, held); };
  uint32_t capacity =
      std::min(left(config_.in_flight_max, HeldEventCount()), left(hold.in_flight_max, HeldEventCount(hold)));
  if (hold.options.manual_credit) capacity = static_cast<uint32_t>(std::min<uint64_t>(capacity, hold.credit));
  return capacity;
}

ConsumerPause Consumer::Pause() const {
  if (holds_.empty()) return ConsumerPause::kNoHolder;
  if (write_failed_ || retry_at_ != SteadyTime::max()) return ConsumerPause::kStore;
  if (ParkedFull()) return ConsumerPause::kParkedFull;
  if (state_.full()) return ConsumerPause::kExceptionsFull;
  if (HeldEventCount() >= config_.in_flight_max) return ConsumerPause::kInFlight;
  const bool anyone =
      std::any_of(holds_.begin(), holds_.end(), [this](const HoldPtr& hold) ABSL_NO_THREAD_SAFETY_ANALYSIS {
        return hold->next.has_value() && Capacity(*hold) > 0;
      });
  return anyone ? ConsumerPause::kNone : ConsumerPause::kNoCredit;
}

std::optional<HeldEvents> Consumer::TakeFresh(Hold& hold) {
  if (!buffered_ || state_.full()) return std::nullopt;
  if (buffered_->erasure_count != core_.tail.erasure_count()) {
    ReopenFeed();  // The events may have been erased since.
    return std::nullopt;
  }
  const InstanceNumber number = buffered_->instance->number();
  if (state_.MayHandOver(number, hold.number) != ConsumerState::Fresh::kFree) {
    DeferHeldBack(hold);
    return std::nullopt;
  }
  auto allowance = hold.memory.AllowPaid(std::move(buffered_->grant));
  if (FrontBytes(buffered_->slices) > allowance.bytes) {
    // The free part is used by a read for redelivery. This is tried again when that read has finished.
    buffered_->grant = std::move(allowance.grant);
    hold.memory.GiveBack(allowance);
    return std::nullopt;
  }
  SliceRuns taken = TakeFront(buffered_->slices, Capacity(hold), allowance.bytes);
  buffered_->grant = hold.memory.TakeUnused(allowance, taken.bytes);
  FeedPosition to = buffered_->to;
  if (config_.source.one_instance() && !buffered_->slices.empty()) to.cursor = taken.runs.back().last;
  const std::shared_ptr<Instance> instance = buffered_->instance;
  instances_[number.value()] = instance;
  state_.HandOver(number, buffered_->after, taken.runs, to, hold.number);
  buffered_->after = taken.runs.back().last;
  buffered_->event_count -= taken.event_count;
  if (buffered_->slices.empty()) {
    buffered_.reset();
  } else if (!config_.source.one_instance()) {
    Defer();  // A position in the store cannot be within a part.
  }
  hold.handed_over = std::move(allowance);
  return MakeHeld(hold, instance, std::move(taken));
}

void Consumer::DeferHeldBack(const Hold& hold) {
  if (config_.source.one_instance()) return;  // No other instance could go first.
  const InstanceNumber number = buffered_->instance->number();
  for (const HoldPtr& other : holds_) {
    if (other.get() == &hold || !other->next || Capacity(*other) == 0) continue;
    if (state_.MayHandOver(number, other->number) == ConsumerState::Fresh::kFree) return;  // `other` takes them next.
  }
  Defer();
}

void Consumer::Defer() {
  const InstanceNumber number = buffered_->instance->number();
  instances_[number.value()] = buffered_->instance;
  state_.Defer(number, buffered_->after, buffered_->last, buffered_->event_count, buffered_->to);
  buffered_.reset();
}

bool Consumer::Reserving() const {
  return std::any_of(holds_.begin(), holds_.end(),
                     [](const HoldPtr& hold) ABSL_NO_THREAD_SAFETY_ANALYSIS { return hold->reserving; });
}

void Consumer::Reserve(Hold& hold, size_t bytes) {
  if (feed_ != nullptr) ReopenFeed();
  const auto found =
      std::find_if(holds_.begin(), holds_.end(), [&hold](const HoldPtr& other) { return other.get() == &hold; });
  hold.reserving = true;
  core_.delivery_budget.Acquire(bytes, [self = shared_from_this(), hold_ptr = *found](ByteBudget::Grant grant) {
    {
      absl::MutexLock lock(&self->mu_);
      hold_ptr->reserving = false;
      const bool is_open = !hold_ptr->cancelled && hold_ptr->failure.ok();
      // Otherwise the grant is returned, rather than kept until the holder can take events again.
      if (is_open && self->Capacity(*hold_ptr) > 0) hold_ptr->memory.Reserved(std::move(grant));
    }
    self->Pump();
  });
}

std::optional<Consumer::AgainRead> Consumer::Claim(const Hold& hold, SteadyTime now) {
  AgainRead read;
  if (const auto again = state_.ClaimAgain(hold.number, now)) {
    read.again = *again;
    return read;
  }
  for (const auto& [id, lane] : replays_) {
    const auto again = lane->state.ClaimAgain(hold.number, now);
    if (!again) continue;
    read.again = *again;
    read.replay_id = id;
    read.instance = lane->instance;
    return read;
  }
  return std::nullopt;
}

void Consumer::StartAgain(const HoldPtr& hold, SteadyTime now) {
  while (!hold->reading && !hold->again && !hold->reserving && now >= reads_at_ && gaps_.empty()) {
    auto read = Claim(*hold, now);
    if (!read) return hold->memory.Release();  // The events for which memory was reserved may be settled.
    const auto open = instances_.find(read->again.instance.value());
    if (open != instances_.end()) read->instance = open->second;
    if (read->instance != nullptr) {
      ReadAgain(hold, *std::move(read));
      if (!hold->failure.ok()) return;
      continue;
    }
    hold->reading = true;
    const std::string name = NameOf(read->again.instance);
    core_.log.OpenInstance(name, storage::OpenMode::kExisting,
                           [self = shared_from_this(), hold,
                            read = *std::move(read)](absl::StatusOr<std::shared_ptr<Instance>> instance) mutable {
                             self->OnOpenedAgain(hold, std::move(read), std::move(instance));
                           });
  }
}

void Consumer::OnOpenedAgain(const HoldPtr& hold, AgainRead read, absl::StatusOr<std::shared_ptr<Instance>> instance) {
  {
    absl::MutexLock lock(&mu_);
    hold->reading = false;
    if (hold->cancelled || !hold->failure.ok()) return;
    if (instance.ok() && (*instance)->number() != read.again.instance) {
      instance = MakeError(Reason::kInstanceDeleted, "the instance was deleted");
    }
    if (instance.ok()) {
      instances_[read.again.instance.value()] = read.instance = *std::move(instance);
      ReadAgain(hold, std::move(read));
    } else {
      OnReadFailed(hold, read, instance.status());
    }
  }
  Pump();
}

void Consumer::ReadAgain(const HoldPtr& hold, AgainRead read) {
  ConsumerState* const state = StateOf(read.replay_id);
  if (state == nullptr) return;  // The replay was cancelled.
  const storage::LogBounds bounds = read.instance->bounds();
  const Cursor before_first = bounds.BeforeFirst();
  // At the start of an epoch, the bound of a range may be just before its first event, where there is no event.
  const Cursor after = bounds.epochs.Previous(Cursor(read.again.after.value() + 1));
  if (after < before_first) {
    const Cursor through = std::min(before_first, read.again.last);
    if (!config_.allow_gap && read.replay_id.empty()) {
      state->ReleaseAgain(read.again);
      return EndAll(bounds.CheckStart(after));
    }
    const auto handed = state->HandOverAgain(read.again, {}, through, 1);
    if (handed && handed->gone > 0 && read.replay_id.empty())
      gaps_.push_back({read.instance, Gap{after, through, handed->gone}});
    return;
  }
  hold->reading = true;
  read.erasure_count = core_.tail.erasure_count();
  read.allowance = hold->memory.AllowNext(core_.limits.delivery_bytes_max);
  storage::ReadOptions options;
  options.after = after;
  options.until = read.again.last;
  options.events_max = Capacity(*hold) + kReadAgainExtra;
  options.bytes_max = std::max(read.allowance.bytes, size_t{1});
  options.filter = filter_;
  const std::shared_ptr<Instance> instance = read.instance;
  core_.log.Read(
      instance, std::move(options),
      [self = shared_from_this(), hold, read = std::move(read)](absl::StatusOr<storage::ReadResult> result) mutable {
        self->OnReadAgain(hold, std::move(read), std::move(result));
      });
}

void Consumer::OnReadAgain(const HoldPtr& hold, AgainRead read, absl::StatusOr<storage::ReadResult> result) {
  {
    absl::MutexLock lock(&mu_);
    hold->reading = false;
    if (hold->cancelled || !hold->failure.ok()) {
      hold->memory.GiveBack(read.allowance);
    } else if (!result.ok()) {
      hold->memory.GiveBack(read.allowance);
      OnReadFailed(hold, read, result.status());
    } else {
      read.result = *std::move(result);
      if (hold->memory.Fit(read.allowance, read.result.bytes)) {
        read.yields_at = SteadyNow() + kYieldInterval;
        hold->again = std::move(read);
      } else {
        hold->memory.GiveBack(read.allowance);
        if (ConsumerState* const state = StateOf(read.replay_id)) state->ReleaseAgain(read.again);
        Reserve(*hold, read.result.bytes);
      }
    }
  }
  Pump();
}

void Consumer::OnReadFailed(const HoldPtr& hold, const AgainRead& read, const absl::Status& status) {
  ConsumerState* const state = StateOf(read.replay_id);
  if (state == nullptr) return;
  if (absl::IsNotFound(status)) {
    state->Forget(read.again.instance);
    instances_.erase(read.again.instance.value());
    return;
  }
  state->ReleaseAgain(read.again);
  if (absl::IsUnavailable(status)) {
    reads_at_ = SteadyNow() + kReadRetryDelay;
  } else if (!HasReason(status, Reason::kCursorTrimmed)) {  // After a trim, the next read reports the gap.
    EndHold(hold, status);
  }
}

void Consumer::DropAgain(Hold& hold) {
  AgainRead read = *std::exchange(hold.again, std::nullopt);
  hold.memory.GiveBack(read.allowance);
  if (ConsumerState* const state = StateOf(read.replay_id)) state->ReleaseAgain(read.again);
}

std::optional<HeldEvents> Consumer::TakeAgain(Hold& hold) {
  if (!hold.again) return std::nullopt;
  if (hold.again->erasure_count != core_.tail.erasure_count()) {
    DropAgain(hold);  // The events may have been erased since.
    return std::nullopt;
  }
  AgainRead read = *std::exchange(hold.again, std::nullopt);
  const std::vector<Run> found = RunsOf(read.result.slices);
  const Cursor through = read.result.end_reached ? read.again.last : read.result.next;
  ConsumerState* const state = StateOf(read.replay_id);
  auto handed = state == nullptr ? std::nullopt : state->HandOverAgain(read.again, found, through, Capacity(hold));
  if (!handed || handed->runs.empty()) {
    hold.memory.GiveBack(read.allowance);
    return std::nullopt;
  }
  SliceRuns picked = Pick(read.result.slices, handed->runs);
  read.result.slices.clear();
  CompactSlices(picked.slices);
  hold.handed_over = std::move(read.allowance);
  HeldEvents held = MakeHeld(hold, std::move(read.instance), std::move(picked));
  hold.batches.back().replay_id = held.replay_id = read.replay_id;
  const auto again =
      std::count_if(handed->attempts.begin(), handed->attempts.end(), [](uint32_t attempts) { return attempts > 1; });
  redelivered_ += static_cast<uint64_t>(again);
  if (again > 0) held.attempts = std::move(handed->attempts);
  return held;
}

HeldEvents Consumer::MakeHeld(Hold& hold, std::shared_ptr<Instance> instance, SliceRuns events) {
  HeldEvents held;
  held.batch = ++hold.last_batch;
  hold.batches.push_back({held.batch, instance->number(), events.runs.front().first, events.runs.back().last, ""});
  held.instance = std::move(instance);
  held.slices = std::move(events.slices);
  held.bytes = events.bytes;
  held.event_count = events.event_count;
  if (hold.options.manual_credit) hold.credit -= held.event_count;
  return held;
}

}  // namespace playhead::broker
