#include "broker/read/many_subscription.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/read/slice_compaction.h"
#include "proto/errors.h"
#include "storage/part_collector.h"

namespace playhead::broker {

using storage::Cursor;
using storage::InstanceEvents;
using storage::ManyReadResult;
using storage::StorePosition;

ManySubscription::ManySubscription(const Core& core, ManySubscriptionRequest request)
    : core_(core),
      request_(std::move(request)),
      reader_(std::make_shared<storage::ManyReader>(request_.instances)),
      memory_(core.limits, core.delivery_budget) {}

std::shared_ptr<ManySubscription> ManySubscription::Start(const Core& core, ManySubscriptionRequest request) {
  std::shared_ptr<ManySubscription> subscription(new ManySubscription(core, std::move(request)));
  core.metrics.subscribers.Increment();
  subscription->Resolve();
  return subscription;
}

absl::StatusOr<std::shared_ptr<ManySubscription>> ManySubscription::StartAdmitted(const Core& core,
                                                                                  ManySubscriptionRequest request,
                                                                                  std::shared_ptr<Caller> caller,
                                                                                  StreamRegistry::Ticket& ticket) {
  std::shared_ptr<ManySubscription> subscription(new ManySubscription(core, std::move(request)));
  auto admitted = core.streams.Admit(subscription, std::move(caller));
  if (!admitted.ok()) return admitted.status();
  ticket = *std::move(admitted);
  core.metrics.subscribers.Increment();
  subscription->Resolve();
  return subscription;
}

bool ManySubscription::Next(NextCallback callback) {
  {
    absl::MutexLock lock(&mu_);
    if (state_ == State::kClosed) return false;
    next_ = std::move(callback);
    memory_.TakeBack();
  }
  Pump();
  return true;
}

bool ManySubscription::Cancel() {
  std::optional<NextCallback> dropped;  // Destroyed after the lock is released.
  absl::MutexLock lock(&mu_);
  dropped.swap(next_);
  LetGo();
  return dropped.has_value();
}

ByteBudget::Grant ManySubscription::TakeOver(size_t bytes) {
  absl::MutexLock lock(&mu_);
  return slice_handed_over_ ? memory_.TakeOver(bytes) : slice_allowance_.grant.Split(bytes);
}

void ManySubscription::Close(absl::Status status) {
  {
    absl::MutexLock lock(&mu_);
    if (state_ == State::kClosed) return;
    failure_.Update(status);
  }
  Pump();
}

void ManySubscription::Resolve() {
  auto self = shared_from_this();
  if (const auto* after = std::get_if<AfterPosition>(&request_.start)) {
    core_.log.CheckStorePosition(after->position, [self, position = after->position](absl::Status status) {
      self->OnStart(status.ok() ? absl::StatusOr<StorePosition>(position) : status);
    });
  } else if (const auto* time = std::get_if<FromTime>(&request_.start)) {
    reader_->StartAtKept(core_.log.head_position().commit);
    core_.log.FindTimeInStore(time->time, [self](absl::StatusOr<StorePosition> found) { self->OnStart(found); });
  } else if (std::holds_alternative<FromBeginning>(request_.start)) {
    reader_->StartAtKept(core_.log.head_position().commit);
    OnStart(StorePosition());
  } else {
    OnStart(core_.log.head_position());
  }
}

void ManySubscription::OnStart(absl::StatusOr<StorePosition> after) {
  if (!after.ok()) return Close(after.status());
  {
    absl::MutexLock lock(&mu_);
    if (state_ == State::kClosed) return;
    started_ = ManyStarted{*after};
    position_ = reported_ = *after;
    state_ = State::kCatchingUp;
  }
  Pump();
}

void ManySubscription::Pump() {
  const auto self = shared_from_this();  // A callback may release the last other reference.
  mu_.Lock();
  while (next_ && !delivering_) {
    std::optional<ManyDelivery> delivery = Step();
    if (!delivery) break;
    NextCallback callback = *std::exchange(next_, std::nullopt);
    last_delivery_ = SteadyNow();
    delivering_ = true;
    StartReadAhead();
    mu_.Unlock();
    std::move(callback)(*std::move(delivery));
    callback = nullptr;
    mu_.Lock();
    delivering_ = false;
  }
  mu_.Unlock();
}

std::optional<ManyDelivery> ManySubscription::Step() {
  // The selection may skip much of the tail. After this many turns, yield the thread.
  constexpr int kTurnsMax = 8;
  for (int turn = 0;;) {
    if (!failure_.ok()) {
      LetGo();
      return Closed{failure_};
    }
    if (state_ == State::kStarting) return std::nullopt;
    if (started_) return *std::exchange(started_, std::nullopt);
    if (!parts_.empty() && slice_erasure_count_ != core_.tail.erasure_count()) DropEvents();
    if (!parts_.empty()) {
      if (auto delivery = DeliverPart()) return delivery;
      continue;
    }
    if (at_end_ && !caught_up_) {
      caught_up_ = true;
      state_ = State::kLive;
      reported_ = position_;
      return ManyCaughtUp{position_};
    }
    if (reading_ || reserving_) return HeartbeatIfDue();
    if (turn++ == kTurnsMax) {
      core_.executor.Post([self = shared_from_this()] { self->Pump(); });
      return HeartbeatIfDue();
    }
    if (!FetchMore()) return HeartbeatIfDue();
  }
}

std::optional<ManyDelivery> ManySubscription::HeartbeatIfDue() {
  const absl::Duration heartbeat_interval = request_.heartbeat_interval.value_or(core_.limits.heartbeat_interval);
  const absl::Duration interval = position_ == reported_ ? heartbeat_interval : core_.limits.progress_interval;
  const SteadyTime due = last_delivery_ + absl::ToChronoNanoseconds(interval);
  if (SteadyNow() < due) {
    ArmTimer(due);
    return std::nullopt;
  }
  reported_ = position_;
  return ManyHeartbeat{position_};
}

void ManySubscription::DropEvents() {
  // The reader does not return these gaps again, so they are kept. Events before a gap of the same instance are trimmed
  // by now, so the gaps may be delivered first.
  std::erase_if(parts_, [](const InstanceEvents& part) { return !part.slices.empty(); });
  for (InstanceEvents& part : parts_) part.position = position_;
  slice_end_ = position_;
  slice_at_end_ = false;
  slice_erasure_count_ = core_.tail.erasure_count();
  if (parts_.empty()) memory_.GiveBack(slice_allowance_);
}

std::optional<ManyDelivery> ManySubscription::DeliverPart() {
  InstanceEvents part = std::move(parts_.front());
  parts_.pop_front();
  position_ = reported_ = part.position;
  slice_handed_over_ = parts_.empty();
  if (slice_handed_over_) {
    position_ = slice_end_;
    at_end_ = slice_at_end_;
    memory_.HandOver(std::move(slice_allowance_));
  }
  if (part.slices.empty()) return DeliverGap(part);
  core_.metrics.deliveries.Increment(part.event_count);
  core_.metrics.delivered_bytes.Increment(static_cast<double>(part.bytes));
  core_.metrics.lag.Observe(static_cast<double>(part.instance->head().sequence() - part.last.sequence()));
  ManyEvents events{
      std::move(part.instance), std::move(part.slices), part.bytes, part.event_count, part.last, part.position};
  events.more = !parts_.empty() && !parts_.front().slices.empty();
  return events;
}

std::optional<ManyDelivery> ManySubscription::DeliverGap(const InstanceEvents& part) {
  core_.metrics.gaps_trim.Increment();
  ManyGap gap{part.instance, {}, {}, 0, part.position};
  if (part.instance == nullptr) {
    if (request_.allow_gap) return gap;
    failure_.Update(
        MakeError(Reason::kCursorTrimmed,
                  "commits behind the position are no longer listed, so events may be missing: start at the "
                  "beginning, or allow gaps"));
    return std::nullopt;
  }
  gap.after = part.trimmed->after;
  gap.last = part.trimmed->last;
  gap.event_count = part.trimmed->event_count;
  if (request_.allow_gap) return gap;
  const storage::LogBounds bounds = part.instance->bounds();
  failure_.Update(MakeError(Reason::kCursorTrimmed,
                            absl::StrCat("events of ", part.instance->name(), " behind cursor ", gap.after.value(),
                                         " are no longer kept: the first kept is ", bounds.first.value()),
                            {.first = bounds.first.value(), .head = bounds.head.value()}));
  return std::nullopt;
}

void ManySubscription::ArmTimer(SteadyTime deadline) {
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

void ManySubscription::OnTimer(uint64_t number) {
  {
    absl::MutexLock lock(&mu_);
    if (number == timer_number_) timer_armed_ = false;
  }
  Pump();
}

void ManySubscription::LetGo() {
  if (state_ != State::kClosed) core_.metrics.subscribers.Decrement();
  state_ = State::kClosed;
  core_.tail.Remove(*this);
  if (timer_armed_) core_.timers.Cancel(timer_);
  timer_armed_ = false;
  parts_.clear();
  memory_.GiveBack(slice_allowance_);
  memory_.Release();
}

bool ManySubscription::FetchMore() {
  if (caught_up_ && SteadyNow() < look_again_) {
    ArmTimer(look_again_);
    return false;
  }
  Tail::Taken taken;
  const uint64_t erasure_count = core_.tail.erasure_count();  // Before anything is taken.
  const auto wanted = [this](const storage::Instance& instance) { return reader_->Selects(instance); };
  switch (core_.tail.Take(core_.log, position_, core_.limits.delivery_bytes_max, wanted, shared_from_this(), taken)) {
    case InstanceTail::Found::kBlocks:
      SliceBlocks(taken, erasure_count);
      if (parts_.empty()) look_again_ = SteadyNow() + absl::ToChronoNanoseconds(kQuietInterval);
      return true;
    case InstanceTail::Found::kAtHead:
      position_ = taken.position;
      at_end_ = true;
      if (caught_up_) state_ = State::kLive;
      return !caught_up_;
    case InstanceTail::Found::kDeleted:
    case InstanceTail::Found::kBehind:
      break;
  }
  if (state_ == State::kLive) core_.metrics.slow_fallbacks.Increment();
  state_ = State::kCatchingUp;
  StartRead(memory_.AllowNext(core_.limits.delivery_bytes_max));
  return false;
}

storage::ManyReadOptions ManySubscription::ReadOptions(const Allowance& allowance) const {
  storage::ManyReadOptions options;
  options.after = position_;
  options.reader = reader_;
  options.filter = request_.filter;
  options.events_max = std::numeric_limits<uint32_t>::max();
  options.bytes_max = allowance.bytes;
  return options;
}

void ManySubscription::SliceBlocks(const Tail::Taken& taken, uint64_t erasure_count) {
  size_t bytes = 0;
  for (const Tail::Recent& recent : taken.blocks) bytes += recent.block->body().size();
  Allowance allowance = memory_.AllowNext(std::min(bytes, core_.limits.delivery_bytes_max));
  const storage::ManyReadOptions options = ReadOptions(allowance);
  storage::PartCollector parts(options, core_.log.type_lives());
  bool fitted = true;
  for (const auto& [instance, block] : taken.blocks) {
    const storage::BlockHeader& header = block->header();
    Cursor after(block->first().value() - 1);
    if (position_.commit == header.commit && position_.instance == header.instance) {
      after = std::max(after, position_.cursor);
    }
    if (const storage::LogBounds bounds = instance->bounds(); after.sequence() + 1 < bounds.first.sequence()) {
      const Cursor last = std::min(block->last(), bounds.BeforeFirst());
      parts.PassTrimmed(instance, bounds.epochs.Previous(after + 1), {header.commit, header.instance, last});
      after = last;
    }
    if (after < block->last()) after = parts.Take(instance, block, after);
    fitted = after >= block->last();
    if (!fitted) break;
  }
  if (fitted) parts.PassTo(taken.position);
  Accept(parts.Finish(fitted && taken.at_end), erasure_count, std::move(allowance));
}

void ManySubscription::StartReadAhead() {
  if (state_ == State::kClosed || state_ == State::kStarting || at_end_ || !parts_.empty() || reading_ || reserving_ ||
      started_ || !failure_.ok()) {
    return;
  }
  if (core_.log.head_position() <= position_ || core_.tail.Has(position_)) return;
  const size_t wanted = core_.limits.delivery_bytes_max;
  Allowance allowance = memory_.AllowAhead(wanted);
  if (allowance.bytes < wanted) return memory_.GiveBack(allowance);
  StartRead(std::move(allowance));
}

void ManySubscription::StartRead(Allowance allowance) {
  reading_ = true;
  storage::ManyReadOptions options = ReadOptions(allowance);
  // Without a filter, end the slice at the end of a block if possible: a block that is split is decoded twice.
  if (request_.filter == nullptr) {
    options.scan_bytes_max = allowance.bytes - std::min(allowance.bytes, storage::kBlockBytesTarget);
  }
  core_.log.ReadMany(std::move(options),
                     [self = shared_from_this(), erasure_count = core_.tail.erasure_count(),
                      allowance = std::move(allowance)](absl::StatusOr<ManyReadResult> result) mutable {
                       self->OnRead(std::move(allowance), erasure_count, std::move(result));
                     });
}

void ManySubscription::OnRead(Allowance allowance, uint64_t erasure_count, absl::StatusOr<ManyReadResult> result) {
  {
    absl::MutexLock lock(&mu_);
    reading_ = false;
    if (state_ == State::kClosed) return;
    if (result.ok()) {
      Accept(*std::move(result), erasure_count, std::move(allowance));
    } else {
      memory_.GiveBack(allowance);
      failure_.Update(result.status());
    }
  }
  Pump();
}

void ManySubscription::Accept(ManyReadResult result, uint64_t erasure_count, Allowance allowance) {
  size_t bytes = 0;
  for (InstanceEvents& part : result.parts) {
    CompactSlices(part.slices);
    bytes += part.bytes;
  }
  slice_end_ = result.next;
  slice_at_end_ = result.end_reached;
  slice_erasure_count_ = erasure_count;
  if (!memory_.Fit(allowance, bytes)) {
    // The slice is one large event, with at most gaps before it. The reader does not return these gaps again, so they
    // are delivered first.
    reserving_ = true;
    core_.delivery_budget.Acquire(
        bytes, [self = shared_from_this()](ByteBudget::Grant grant) { self->OnReserved(std::move(grant)); });
    memory_.GiveBack(allowance);
    while (!result.parts.empty() && !result.parts.back().slices.empty()) result.parts.pop_back();
    slice_end_ = result.parts.empty() ? position_ : result.parts.back().position;
    slice_at_end_ = false;
  }
  if (result.parts.empty()) {
    position_ = slice_end_;
    at_end_ = slice_at_end_;
    memory_.GiveBack(allowance);
  } else {
    parts_.assign(std::make_move_iterator(result.parts.begin()), std::make_move_iterator(result.parts.end()));
    slice_allowance_ = std::move(allowance);
  }
}

void ManySubscription::OnReserved(ByteBudget::Grant grant) {
  {
    absl::MutexLock lock(&mu_);
    reserving_ = false;
    if (state_ == State::kClosed) return;
    memory_.Reserved(std::move(grant));
  }
  Pump();
}

}  // namespace playhead::broker
