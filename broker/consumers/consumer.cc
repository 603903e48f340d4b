#include "broker/consumers/consumer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "broker/consumers/held_slices.h"
#include "broker/utf8_prefix.h"
#include "proto/errors.h"

namespace playhead::broker {

using storage::Cursor;
using storage::InstanceNumber;

namespace {

// The delay before the feed is opened again after a temporary error of the store.
constexpr std::chrono::milliseconds kRetryDelay(200);

}  // namespace

// The handle by which a stream holds a Consumer.
class StreamHolder final : public ConsumerHolder {
 public:
  StreamHolder(std::shared_ptr<Consumer> consumer, Consumer::HoldPtr hold)
      : consumer_(std::move(consumer)), hold_(std::move(hold)) {}
  ~StreamHolder() override { consumer_->Cancel(hold_); }

  bool Next(NextCallback callback) override { return consumer_->Next(hold_, std::move(callback)); }
  bool Cancel() override { return consumer_->Cancel(hold_); }
  void Close(absl::Status status) override { consumer_->End(hold_, std::move(status)); }
  void HandedOver(uint64_t batch) override { consumer_->HandedOver(hold_, batch); }
  void AddCredit(uint32_t events) override { consumer_->AddCredit(hold_, events); }
  std::vector<RefusedSettlement> Settle(std::vector<Settlement> items, storage::StatusCallback confirmed) override {
    return consumer_->Settle(hold_, std::move(items), std::move(confirmed));
  }

 private:
  const std::shared_ptr<Consumer> consumer_;
  const Consumer::HoldPtr hold_;
};

Consumer::Consumer(const Core& core, StoredConfig stored, StoredState state, ParkedIndex parked, size_t state_rows)
    : core_(core),
      config_(std::move(stored.config)),
      filter_(*MakeConsumerFilter(config_)),
      instance_number_(stored.instance),
      created_at_(stored.created_at),
      state_(config_.attempts_max, state.snapshot, config_.overtake),
      names_(std::move(state.names)),
      durable_(std::move(state.snapshot)),
      durable_rows_(state_rows),
      last_parked_number_(state.last_parked_number),
      parked_(std::move(parked)),
      unparked_(std::move(state.unparked)) {}

absl::StatusOr<std::shared_ptr<ConsumerHolder>> Consumer::Open(HolderOptions options) {
  HoldPtr hold;
  {
    absl::MutexLock lock(&mu_);
    if (!closed_.ok()) return closed_;
    if (!config_.shared && !holds_.empty()) {
      if (!options.take_over) {
        return MakeError(Reason::kConsumerBusy, "another stream holds the consumer: wait, or take it over");
      }
      EndAll(MakeError(Reason::kConsumerTakenOver, "another stream took the consumer over"));
    }
    hold = std::make_shared<Hold>(++last_hold_, std::move(options), core_);
    const uint32_t asked = hold->options.in_flight_max;
    hold->in_flight_max = asked == 0 ? config_.in_flight_max : std::min(asked, config_.in_flight_max);
    hold->since = storage::Timestamp::Now();
    hold->last_delivery = SteadyNow();
    holds_.push_back(hold);
    if (holds_.size() == 1) OpenFeed();
  }
  return std::make_shared<StreamHolder>(shared_from_this(), std::move(hold));
}

ConsumerInfo Consumer::Info() const {
  absl::MutexLock lock(&mu_);
  ConsumerInfo info;
  info.config = config_;
  info.created_at = created_at_;
  info.position = durable_.position;
  info.unsettled_events = state_.unsettled_events();
  info.exception_ranges = durable_.unsettled.size();
  info.in_flight = state_.held_events();
  info.parked_events = parked_.size();
  for (const HoldPtr& hold : holds_) {
    info.holders.push_back({hold->options.key_id, hold->since, state_.held_events(hold->number), hold->in_flight_max});
  }
  info.pause = Pause();
  return info;
}

void Consumer::AddTo(ConsumerFigures& figures) const {
  absl::MutexLock lock(&mu_);
  figures.consumers[static_cast<size_t>(Pause())]++;
  figures.holders += holds_.size();
  figures.in_flight += HeldEventCount();
  figures.unsettled += state_.unsettled_events();
  figures.parked += parked_.size();
  figures.acknowledged += acknowledged_;
  figures.redelivered += redelivered_;
}

FeedPosition Consumer::position() const {
  absl::MutexLock lock(&mu_);
  return state_.position();
}

Consumer::Needed Consumer::NeededOf(InstanceNumber instance) const {
  absl::MutexLock lock(&mu_);
  Needed needed;
  if (config_.source.one_instance()) {
    needed.exceptions_after = durable_.position.cursor;
  } else if (const uint64_t commit = durable_.position.commit.value(); commit > 0) {
    // Within a commit, instances are in the order of their numbers.
    needed.settled = storage::CommitPosition(instance < durable_.position.instance ? commit : commit - 1);
  }
  for (const UnsettledRange& range : durable_.unsettled) {
    if (range.instance != instance) continue;
    needed.exceptions_after = std::min(needed.exceptions_after.value_or(range.after), range.after);
    break;  // The ranges are sorted.
  }
  return needed;
}

void Consumer::BeginStop() {
  absl::MutexLock lock(&mu_);
  stopping_ = true;
}

void Consumer::Close(absl::Status status, storage::StatusCallback done) {
  {
    absl::MutexLock lock(&mu_);
    closed_.Update(status);
    EndAll(status);
    while (!replays_.empty()) EndReplay(std::string(replays_.begin()->first), status);
    (deletions_.empty() ? unwritten_ : deletions_).push_back(std::move(done));
  }
  Pump();
}

void Consumer::Delete(storage::StatusCallback done) {
  {
    absl::MutexLock lock(&mu_);
    closed_ = MakeError(Reason::kConsumerNotFound, "the consumer was deleted");
    EndAll(closed_);
    while (!replays_.empty()) EndReplay(std::string(replays_.begin()->first), closed_);
    abandoned_ = true;
    if (deletions_.empty()) delete_at_ = SteadyNow();
    deletions_.push_back(std::move(done));
  }
  Pump();
}

bool Consumer::Next(const HoldPtr& hold, ConsumerHolder::NextCallback callback) {
  {
    absl::MutexLock lock(&mu_);
    if (hold->cancelled) return false;
    hold->next = std::move(callback);
    hold->memory.GiveBack(hold->handed_over);
    if (!hold->failure.ok()) ended_.push_back(hold);
  }
  Pump();
  return true;
}

bool Consumer::Cancel(const HoldPtr& hold) {
  std::optional<ConsumerHolder::NextCallback> dropped;  // Destroyed after the lock is released.
  {
    absl::MutexLock lock(&mu_);
    if (hold->cancelled) return false;
    hold->cancelled = true;
    dropped.swap(hold->next);
    if (hold->failure.ok()) Detach(hold);
  }
  Pump();
  return dropped.has_value();
}

void Consumer::End(const HoldPtr& hold, absl::Status status) {
  {
    absl::MutexLock lock(&mu_);
    EndHold(hold, status);
  }
  Pump();
}

void Consumer::HandedOver(const HoldPtr& hold, uint64_t batch) {
  {
    absl::MutexLock lock(&mu_);
    const auto found = std::find_if(hold->batches.begin(), hold->batches.end(),
                                    [batch](const Batch& delivered) { return delivered.number == batch; });
    if (found == hold->batches.end()) return;
    SetDeadline(*hold, found->replay_id, found->instance, found->first, found->last);
    hold->batches.erase(found);
  }
  Pump();
}

void Consumer::AddCredit(const HoldPtr& hold, uint32_t events) {
  {
    absl::MutexLock lock(&mu_);
    hold->credit = std::min<uint64_t>(hold->credit + events, kInFlightMaxMax);
  }
  Pump();
}

std::vector<RefusedSettlement> Consumer::Settle(const HoldPtr& hold, std::vector<Settlement> items,
                                                storage::StatusCallback confirmed) {
  std::vector<RefusedSettlement> refused;
  {
    absl::MutexLock lock(&mu_);
    const SteadyTime now = SteadyNow();
    for (size_t i = 0; i < items.size(); ++i) {
      if (absl::Status status = Apply(*hold, items[i], now); !status.ok()) refused.push_back({i, std::move(status)});
    }
    unwritten_.push_back(std::move(confirmed));
  }
  Pump();
  return refused;
}

uint32_t Consumer::SetDeadline(const Hold& hold, const std::string& replay_id, InstanceNumber instance, Cursor first,
                               Cursor last) {
  ConsumerState* const state = StateOf(replay_id);
  if (state == nullptr || config_.ack_deadline == absl::InfiniteDuration()) return 0;
  return state->SetDeadline(hold.number, instance, first, last,
                            SteadyNow() + absl::ToChronoNanoseconds(config_.ack_deadline));
}

absl::Status Consumer::Apply(const Hold& hold, const Settlement& item, SteadyTime now) {
  if (item.delay < absl::ZeroDuration() || item.delay > kNackDelayMax) {
    return MakeError(Reason::kSettlementInvalid, "a delay is up to 12 hours");
  }
  ConsumerState* const state = StateOf(item.replay_id);
  if (state == nullptr) return MakeError(Reason::kNotHeld, "the replay has ended");
  const absl::string_view reason = Utf8Prefix(item.reason, kParkReasonBytesMax);
  uint32_t count = 0;
  switch (item.action) {
    case Settlement::Action::kAck:
      count = state->Ack(hold.number, item.instance, item.first, item.last);
      acknowledged_ += count;
      if (!item.replay_id.empty()) replays_.at(item.replay_id)->outcome.acked += count;
      break;
    case Settlement::Action::kNack:
      count = state->Nack(hold.number, item.instance, item.first, item.last,
                          now + absl::ToChronoNanoseconds(item.delay), reason);
      break;
    case Settlement::Action::kPark:
      count = state->Park(hold.number, item.instance, item.first, item.last, reason);
      break;
    case Settlement::Action::kInProgress:
      count = SetDeadline(hold, item.replay_id, item.instance, item.first, item.last);
      break;
  }
  if (count > 0) return absl::OkStatus();
  return MakeError(Reason::kNotHeld, "the stream does not hold what is to be settled");
}

void Consumer::Pump() {
  const auto self = shared_from_this();
  mu_.Lock();
  pump_again_ = true;
  if (!pumping_) {
    pumping_ = true;
    while (std::exchange(pump_again_, false)) {
      while (Work work = NextWork()) {
        mu_.Unlock();
        std::move(work)();
        work = nullptr;  // Its destructor may call this object, so not under the lock.
        mu_.Lock();
      }
    }
    pumping_ = false;
  }
  mu_.Unlock();
}

Consumer::Work Consumer::NextWork() {
  const SteadyTime now = SteadyNow();
  if (!closed_feeds_.empty()) {
    auto feed = std::move(closed_feeds_.back());
    closed_feeds_.pop_back();
    return [feed = std::move(feed)] { feed->Cancel(); };
  }
  if (const auto deadline = state_.next_deadline(); deadline && *deadline <= now) state_.Expire(now);
  for (const auto& [id, lane] : replays_) {
    if (const auto deadline = lane->state.next_deadline(); deadline && *deadline <= now) lane->state.Expire(now);
  }
  if (retry_at_ <= now) OpenFeed();
  YieldMemory(now);
  StartWrite(now);
  if (Work work = NextDeletion(now)) return work;
  if (!answers_.empty()) {
    auto answer = std::move(answers_.front());
    answers_.pop_front();
    return [answer = std::move(answer)]() mutable { std::move(answer.first)(std::move(answer.second)); };
  }
  if (!ended_.empty()) {
    const HoldPtr hold = ended_.back();
    ended_.pop_back();
    if (!hold->next) return Work([] {});
    hold->cancelled = true;
    return [callback = *std::exchange(hold->next, std::nullopt), status = hold->failure]() mutable {
      std::move(callback)(Closed{std::move(status)});
    };
  }
  if (Work work = FinishReplay()) return work;
  if (Work work = NextDelivery(now)) return work;
  if (feed_ != nullptr && !feed_asked_ && !buffered_ && !fed_gap_ && gaps_.empty() && !Reserving()) {
    feed_asked_ = true;
    erasure_count_asked_ = core_.tail.erasure_count();
    return [self = shared_from_this(), feed = feed_, generation = generation_] {
      // False if the feed was cancelled: then nobody waits for the delivery.
      (void)feed->Next([self, generation](FeedDelivery delivery) { self->OnFed(generation, std::move(delivery)); });
    };
  }
  ArmTimer(now);
  return nullptr;
}

std::optional<SteadyTime> Consumer::NextDeadline(SteadyTime now) const {
  SteadyTime next = retry_at_;
  if (buffered_) next = std::min(next, buffered_->yields_at);
  if (const auto deadline = state_.next_deadline()) next = std::min(next, *deadline);
  for (const auto& [id, lane] : replays_) {
    if (const auto deadline = lane->state.next_deadline()) next = std::min(next, *deadline);
    if (const auto due = lane->state.next_due(now + std::chrono::nanoseconds(1))) next = std::min(next, *due);
  }
  if (write_failed_) next = std::min(next, write_at_);
  if (!writing_) next = std::min(next, delete_at_);
  if (state_.position() != durable_.position && progress_at_ > now) next = std::min(next, progress_at_);
  if (reads_at_ > now) next = std::min(next, reads_at_);
  for (const HoldPtr& hold : holds_) {
    if (hold->again) next = std::min(next, hold->again->yields_at);
    if (!hold->next) continue;
    if (hold->opened) next = std::min(next, hold->last_delivery + HeartbeatInterval(*hold));
    if (const auto due = state_.next_due(now + std::chrono::nanoseconds(1))) next = std::min(next, *due);
  }
  if (next == SteadyTime::max()) return std::nullopt;
  return next;
}

void Consumer::ArmTimer(SteadyTime now) {
  const auto next = NextDeadline(now);
  if (!next || (timer_armed_ && timer_.deadline <= *next)) return;
  if (timer_armed_) core_.timers.Cancel(timer_);
  timer_armed_ = true;
  timer_ = core_.timers.Schedule(*next, [weak = weak_from_this(), number = ++timer_number_] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    {
      absl::MutexLock lock(&self->mu_);
      if (number == self->timer_number_) self->timer_armed_ = false;
    }
    self->Pump();
  });
}

void Consumer::Detach(const HoldPtr& hold) {
  const SteadyTime now = SteadyNow();
  state_.Disconnect(hold->number, !stopping_, now);
  for (const auto& [id, lane] : replays_) lane->state.Disconnect(hold->number, !stopping_, now);
  holds_.erase(std::remove(holds_.begin(), holds_.end(), hold), holds_.end());
  if (hold->again) hold->memory.GiveBack(hold->again->allowance);
  hold->again.reset();
  hold->memory.GiveBack(hold->handed_over);
  hold->memory.Release();
  hold->batches.clear();
  if (holds_.empty()) CloseFeed();
}

void Consumer::EndHold(const HoldPtr& hold, const absl::Status& status) {
  if (hold->cancelled || !hold->failure.ok()) return;
  hold->failure = status;
  Detach(hold);
  if (!hold->next) return;
  ended_.push_back(hold);
  pump_again_ = true;  // A running pump may already have checked `ended_`.
}

void Consumer::EndAll(const absl::Status& status) {
  while (!holds_.empty()) EndHold(HoldPtr(holds_.back()), status);
}

void Consumer::OpenFeed() {
  retry_at_ = SteadyTime::max();
  ++generation_;
  if (!config_.source.one_instance()) {
    feed_ = StartManyFeed(core_, config_.source, state_.fed(), filter_, config_.allow_gap);
    return;
  }
  core_.log.OpenInstance(config_.source.name, storage::OpenMode::kExisting,
                         [self = shared_from_this(),
                          generation = generation_](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
                           self->OnOpened(generation, std::move(instance));
                         });
}

void Consumer::OnOpened(uint64_t generation, absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
  if (instance.ok() && (*instance)->number() != instance_number_) {
    instance = MakeError(Reason::kInstanceDeleted, "the consumer's instance was deleted");
  }
  {
    absl::MutexLock lock(&mu_);
    if (generation != generation_ || holds_.empty()) return;
    if (instance.ok()) {
      instance_ = *instance;
      instances_[instance_number_.value()] = *instance;
      feed_ = StartInstanceFeed(core_, *std::move(instance), state_.fed().cursor, filter_, config_.allow_gap);
    } else {
      OnFeedFailed(instance.status());
    }
  }
  Pump();
}

void Consumer::CloseFeed() {
  ++generation_;
  if (feed_ != nullptr) {
    closed_feeds_.push_back(std::move(feed_));
    pump_again_ = true;  // As in EndHold.
  }
  feed_ = nullptr;
  feed_asked_ = false;
  feed_caught_up_ = false;
  buffered_.reset();
  fed_gap_.reset();  // The next feed will find it again.
  retry_at_ = SteadyTime::max();
  for (const auto& [number, instance] : instances_) names_[InstanceNumber(number)] = instance->name();
  instances_.clear();
  instance_ = nullptr;
}

void Consumer::ReopenFeed() {
  CloseFeed();
  OpenFeed();
}

void Consumer::YieldMemory(SteadyTime now) {
  const auto is_wanted = [this, now](SteadyTime& yields_at) {
    if (yields_at > now) return false;
    yields_at = now + kYieldInterval;
    return core_.delivery_budget.waiting() > 0;
  };
  if (buffered_ && is_wanted(buffered_->yields_at)) ReopenFeed();
  for (const HoldPtr& hold : holds_) {
    if (hold->again && is_wanted(hold->again->yields_at)) DropAgain(*hold);
  }
}

void Consumer::OnFed(uint64_t generation, FeedDelivery delivery) {
  {
    absl::MutexLock lock(&mu_);
    if (generation != generation_) return;
    feed_asked_ = false;
    std::visit([this](auto& what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { TakeFed(what); }, delivery);
  }
  Pump();
}

void Consumer::TakeFed(FeedEvents& events) {
  if (events.instance->deleted()) {
    if (!config_.source.one_instance()) return state_.PassOver(events.to);
    return OnFeedFailed(MakeError(Reason::kInstanceDeleted, "the consumer's instance was deleted"));
  }
  if (Reserving()) return ReopenFeed();
  Buffered buffered;
  buffered.instance = events.instance;
  buffered.slices.assign(events.slices.begin(), events.slices.end());
  if (config_.source.one_instance()) {
    buffered.after = state_.fed().cursor;
  } else {
    buffered.after = Cursor(RunsOf(events.slices).front().first.value() - 1);
  }
  buffered.event_count = events.event_count;
  buffered.last = events.last;
  buffered.to = events.to;
  buffered.erasure_count = erasure_count_asked_;
  buffered.grant = std::move(events.grant);
  buffered.yields_at = SteadyNow() + kYieldInterval;
  buffered_ = std::move(buffered);
}

void Consumer::TakeFed(FeedProgress& progress) {
  if (progress.to > state_.fed()) state_.PassOver(progress.to);
  feed_caught_up_ |= progress.caught_up;
}

void Consumer::TakeFed(FeedGap& gap) { fed_gap_ = std::move(gap); }

void Consumer::TakeFed(Closed& closed) {
  feed_ = nullptr;
  OnFeedFailed(closed.status);
}

void Consumer::OnFeedFailed(const absl::Status& status) {
  if (absl::IsUnavailable(status)) {
    CloseFeed();
    retry_at_ = SteadyNow() + kRetryDelay;
  } else {
    EndAll(status);
  }
}

}  // namespace playhead::broker
