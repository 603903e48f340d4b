#include "broker/read/subscription.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "broker/open_instance.h"
#include "broker/read/slice_compaction.h"
#include "proto/errors.h"

namespace playhead::broker {

using storage::Block;
using storage::Cursor;

std::shared_ptr<Subscription> Subscription::Start(const Core& core, SubscriptionRequest request) {
  std::shared_ptr<Subscription> subscription(new Subscription(core, std::move(request)));
  core.metrics.subscribers.Increment();
  subscription->Open();
  return subscription;
}

absl::StatusOr<std::shared_ptr<Subscription>> Subscription::StartAdmitted(const Core& core, SubscriptionRequest request,
                                                                          std::shared_ptr<Caller> caller,
                                                                          StreamRegistry::Ticket& ticket) {
  std::shared_ptr<Subscription> subscription(new Subscription(core, std::move(request)));
  auto admitted = core.streams.Admit(subscription, std::move(caller));
  if (!admitted.ok()) return admitted.status();
  ticket = *std::move(admitted);
  core.metrics.subscribers.Increment();
  subscription->Open();
  return subscription;
}

bool Subscription::Next(NextCallback callback) {
  {
    absl::MutexLock lock(&mu_);
    if (state_ == State::kClosed) return false;
    next_ = std::move(callback);
    memory_.TakeBack();
  }
  Pump();
  return true;
}

bool Subscription::Cancel() {
  std::optional<NextCallback> dropped;  // Destroyed after the lock is released.
  absl::MutexLock lock(&mu_);
  dropped.swap(next_);
  LetGo();
  return dropped.has_value();
}

ByteBudget::Grant Subscription::TakeOver(size_t bytes) {
  absl::MutexLock lock(&mu_);
  return memory_.TakeOver(bytes);
}

void Subscription::Close(absl::Status status) {
  {
    absl::MutexLock lock(&mu_);
    if (state_ == State::kClosed) return;
    failure_.Update(status);
  }
  Pump();
}

void Subscription::Wake() { Pump(); }

void Subscription::Open() {
  if (request_.opened != nullptr) return OnOpened(request_.opened);
  OpenInstance(core_.log, request_.caller.get(), request_.instance,
               [self = shared_from_this()](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
                 self->OnOpened(std::move(instance));
               });
}

void Subscription::OnOpened(absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
  if (!instance.ok()) return Close(instance.status());
  {
    absl::MutexLock lock(&mu_);
    if (state_ == State::kClosed) return;
    instance_ = *instance;
    tail_ = core_.tail.Open(instance_->number());
  }
  ResolveStart(core_.log, *instance, request_.start,
               [self = shared_from_this()](absl::StatusOr<Cursor> after) { self->OnStart(after); });
}

void Subscription::OnStart(absl::StatusOr<Cursor> after) {
  if (!after.ok()) return Close(after.status());
  {
    absl::MutexLock lock(&mu_);
    if (state_ == State::kClosed) return;
    const storage::LogBounds bounds = instance_->bounds();
    auto gap = CheckPosition(bounds, *after, request_.allow_gap);
    if (gap.ok()) {
      gap_ = *gap;
    } else if (HasReason(gap.status(), Reason::kCursorTrimmed) &&
               !std::holds_alternative<AfterCursor>(request_.start)) {
      after = bounds.BeforeFirst();  // A trim came between; only a cursor that the client gave can be too old.
    } else {
      failure_.Update(gap.status());
    }
    started_ = Started{*after, bounds.first, bounds.head};
    head_at_start_ = bounds.head;
    position_ = reported_ = *after;
    state_ = State::kCatchingUp;
  }
  Pump();
}

void Subscription::Pump() {
  const auto self = shared_from_this();  // A callback may let go of the last other reference.
  mu_.Lock();
  while (next_ && !delivering_) {
    std::optional<Delivery> delivery = Step();
    if (!delivery) break;
    NextCallback callback = *std::exchange(next_, std::nullopt);
    last_delivery_ = SteadyNow();
    delivering_ = true;
    if (std::holds_alternative<Events>(*delivery)) StartReadAhead();
    mu_.Unlock();
    std::move(callback)(*std::move(delivery));
    callback = nullptr;
    mu_.Lock();
    delivering_ = false;
  }
  mu_.Unlock();
}

std::optional<Delivery> Subscription::Step() {
  // The filter may pass over much of the tail: after this many turns others get the thread.
  constexpr int kTurnsMax = 8;
  for (int turn = 0;; ++turn) {
    if (!failure_.ok()) {
      LetGo();
      return Closed{failure_};
    }
    if (state_ == State::kStarting) return std::nullopt;
    if (started_) return *std::exchange(started_, std::nullopt);
    if (gap_) {
      core_.metrics.gaps_trim.Increment();
      position_ = reported_ = gap_->last;
      return *std::exchange(gap_, std::nullopt);
    }
    // A reopened store may have found more on disk than the tail was told of.
    if (position_ < head_at_start_) at_end_ = false;
    if (at_end_ && !caught_up_) {
      caught_up_ = true;
      state_ = State::kLive;
      reported_ = position_;
      return CaughtUp{position_};
    }
    if (ready_ && ready_->erasure_count != core_.tail.erasure_count()) {
      memory_.GiveBack(ready_->allowance);
      ready_.reset();  // It may have what was erased since: it is read again.
    }
    if (ready_) return Deliver(*std::exchange(ready_, std::nullopt));
    if (reading_ || reserving_) return HeartbeatIfDue();
    if (turn == kTurnsMax) {
      core_.executor.Post([self = shared_from_this()] { self->Pump(); });
      return HeartbeatIfDue();
    }
    if (!FetchMore()) return HeartbeatIfDue();
  }
}

std::optional<Delivery> Subscription::HeartbeatIfDue() {
  const absl::Duration heartbeat_interval = request_.heartbeat_interval.value_or(core_.limits.heartbeat_interval);
  const absl::Duration interval = position_ == reported_ ? heartbeat_interval : core_.limits.progress_interval;
  const SteadyTime due = last_delivery_ + absl::ToChronoNanoseconds(interval);
  if (SteadyNow() < due) {
    ArmTimer(due);
    return std::nullopt;
  }
  reported_ = position_;
  return Heartbeat{position_, instance_->head()};
}

Delivery Subscription::Deliver(Slice slice) {
  position_ = reported_ = slice.events.last;
  at_end_ = slice.at_end;
  core_.metrics.deliveries.Increment(slice.events.event_count);
  core_.metrics.delivered_bytes.Increment(static_cast<double>(slice.events.bytes));
  core_.metrics.lag.Observe(static_cast<double>(instance_->head().sequence() - position_.sequence()));
  memory_.HandOver(std::move(slice.allowance));
  return std::move(slice.events);
}

void Subscription::ArmTimer(SteadyTime deadline) {
  if (timer_armed_) {
    if (timer_.deadline <= deadline) return;
    core_.timers.Cancel(timer_);
  }
  timer_armed_ = true;
  ++timer_number_;
  timer_ = core_.timers.Schedule(deadline, [weak = weak_from_this(), number = timer_number_] {
    if (const auto self = weak.lock()) self->OnTimer(number);
  });
}

void Subscription::OnTimer(uint64_t number) {
  {
    absl::MutexLock lock(&mu_);
    if (number == timer_number_) timer_armed_ = false;
  }
  Pump();
}

void Subscription::LetGo() {
  if (state_ != State::kClosed) core_.metrics.subscribers.Decrement();
  state_ = State::kClosed;
  if (tail_) tail_->Remove(*this);
  tail_.Reset();
  if (timer_armed_) core_.timers.Cancel(timer_);
  timer_armed_ = false;
  ready_.reset();
  memory_.Release();
}

bool Subscription::CheckTrimmed() {
  auto gap = CheckPosition(instance_->bounds(), position_, request_.allow_gap);
  if (!gap.ok()) {
    failure_.Update(gap.status());
    return false;
  }
  gap_ = *gap;
  return !gap_.has_value();
}

bool Subscription::FetchMore() {
  if (!CheckTrimmed()) return true;
  const uint64_t erasure_count = core_.tail.erasure_count();  // Before anything is taken.
  std::vector<std::shared_ptr<const Block>> blocks;
  bool at_end = false;
  switch (tail_->Take(*instance_, position_, core_.limits.delivery_bytes_max, shared_from_this(), blocks, at_end)) {
    case InstanceTail::Found::kBlocks:
      SliceBlocks(blocks, at_end, erasure_count);
      return true;
    case InstanceTail::Found::kAtHead:
      at_end_ = true;
      if (caught_up_) state_ = State::kLive;
      return !caught_up_;
    case InstanceTail::Found::kDeleted:
      failure_.Update(MakeError(Reason::kInstanceDeleted, "the instance was deleted"));
      return true;
    case InstanceTail::Found::kBehind:
      break;
  }
  if (state_ == State::kLive) core_.metrics.slow_fallbacks.Increment();
  state_ = State::kCatchingUp;
  StartRead(memory_.AllowNext(core_.limits.delivery_bytes_max));
  return false;
}

void Subscription::SliceBlocks(const std::vector<std::shared_ptr<const Block>>& blocks, bool at_end,
                               uint64_t erasure_count) {
  static const storage::EventFilter kAll;
  const storage::EventFilter& filter = request_.filter == nullptr ? kAll : *request_.filter;
  const storage::TypeLifeTable::Lives lives = core_.log.type_lives().Find(instance_->name());
  size_t bytes = 0;
  for (const auto& block : blocks) bytes += block->body().size();
  Slice slice;
  slice.allowance = memory_.AllowNext(std::min(bytes, core_.limits.delivery_bytes_max));
  storage::ReadBudget budget{std::numeric_limits<uint32_t>::max(), slice.allowance.bytes};
  slice.events.last = position_;
  slice.at_end = at_end;
  slice.erasure_count = erasure_count;
  for (const auto& block : blocks) {
    slice.events.last =
        storage::SliceBlock(block, slice.events.last, block->last(), filter, budget, slice.events.slices, lives.get());
    if (slice.events.last != block->last()) {
      slice.at_end = false;
      break;
    }
  }
  Accept(std::move(slice));
}

void Subscription::StartReadAhead() {
  if (state_ == State::kClosed || at_end_ || ready_ || reading_ || reserving_ || gap_ || !failure_.ok()) return;
  if (instance_->head() == position_ || tail_->Has(position_)) return;
  const size_t wanted = core_.limits.delivery_bytes_max;
  Allowance allowance = memory_.AllowAhead(wanted);
  if (allowance.bytes < wanted) return memory_.GiveBack(allowance);
  StartRead(std::move(allowance));
}

void Subscription::StartRead(Allowance allowance) {
  reading_ = true;
  storage::ReadOptions options;
  options.after = position_;
  options.events_max = std::numeric_limits<uint32_t>::max();
  options.bytes_max = allowance.bytes;
  options.filter = request_.filter;
  // Without a filter the slice had better end where a block does: a block that is cut is decoded twice.
  if (request_.filter == nullptr) {
    options.scan_bytes_max = allowance.bytes - std::min(allowance.bytes, storage::kBlockBytesTarget);
  }
  core_.log.Read(instance_, std::move(options),
                 [self = shared_from_this(), erasure_count = core_.tail.erasure_count(),
                  allowance = std::move(allowance)](absl::StatusOr<storage::ReadResult> result) mutable {
                   self->OnRead(std::move(allowance), erasure_count, std::move(result));
                 });
}

void Subscription::OnRead(Allowance allowance, uint64_t erasure_count, absl::StatusOr<storage::ReadResult> result) {
  {
    absl::MutexLock lock(&mu_);
    reading_ = false;
    if (state_ == State::kClosed) return;
    if (result.ok()) {
      Slice slice;
      slice.events.slices = std::move(result->slices);
      slice.events.last = result->next;
      slice.at_end = result->end_reached;
      slice.erasure_count = erasure_count;
      slice.allowance = std::move(allowance);
      Accept(std::move(slice));
    } else {
      memory_.GiveBack(allowance);
      // A trim that overtook the reader may become a gap.
      if (!HasReason(result.status(), Reason::kCursorTrimmed) || CheckTrimmed()) failure_.Update(result.status());
    }
  }
  Pump();
}

void Subscription::Accept(Slice slice) {
  CompactSlices(slice.events.slices);
  Events& events = slice.events;
  for (const storage::BlockSlice& part : events.slices) {
    events.bytes += part.bytes.size();
    events.event_count += part.event_count;
  }
  if (!memory_.Fit(slice.allowance, events.bytes)) {
    reserving_ = true;
    core_.delivery_budget.Acquire(
        events.bytes, [self = shared_from_this()](ByteBudget::Grant grant) { self->OnReserved(std::move(grant)); });
    return memory_.GiveBack(slice.allowance);
  }
  if (events.slices.empty()) {
    position_ = events.last;
    at_end_ = slice.at_end;
    memory_.GiveBack(slice.allowance);
  } else {
    ready_ = std::move(slice);
  }
}

void Subscription::OnReserved(ByteBudget::Grant grant) {
  {
    absl::MutexLock lock(&mu_);
    reserving_ = false;
    if (state_ == State::kClosed) return;
    memory_.Reserved(std::move(grant));
  }
  Pump();
}

}  // namespace playhead::broker
