#include "broker/sessions/acked_session.h"

#include <algorithm>
#include <utility>

#include "broker/consumers/held_slices.h"

namespace playhead::broker {

using storage::Cursor;
using storage::EventId;

void AckedSession::Next(NextCallback callback) {
  Settlements due;
  uint64_t batch = 0;
  {
    absl::MutexLock lock(&mu_);
    if (!ended_) {
      FinishEvent();
      PassOver(Cursor(~uint64_t{0}));
      asking_ = true;
      batch = std::exchange(batch_, 0);
      due = TakeDue();
    }
  }
  if (batch != 0) holder_->HandedOver(batch);
  Settle(std::move(due));
  Ask(std::move(callback));
}

void AckedSession::Ask(NextCallback callback) {
  // False if End came first: then nobody waits for the delivery.
  (void)holder_->Next([self = shared_from_this(), callback = std::move(callback)](HolderDelivery delivery) mutable {
    self->OnDelivery(std::move(callback), std::move(delivery));
  });
}

void AckedSession::OnDelivery(NextCallback callback, HolderDelivery delivery) {
  if (auto* const closed = std::get_if<Closed>(&delivery)) {
    return std::move(callback)(SessionDelivery(std::move(*closed)));
  }
  auto* const held = std::get_if<HeldEvents>(&delivery);
  if (held == nullptr) return Ask(std::move(callback));  // Only operators need other deliveries.
  bool ended = false;
  {
    absl::MutexLock lock(&mu_);
    ended = ended_;
    asking_ = false;
    batch_ = held->batch;
    delivered_ = RunsOf(held->slices);
    sending_.reset();
  }
  if (ended) return Ask(std::move(callback));  // These events go to the next connection. This one waits for Closed.
  std::move(callback)(SessionEvents{std::move(held->slices)});
}

void AckedSession::Sent(const EventId& frame) {
  Settlements due;
  {
    absl::MutexLock lock(&mu_);
    if (ended_) return;
    if (sending_ != frame.cursor) {
      FinishEvent();
      PassOver(frame.cursor);
      sending_ = frame.cursor;
    }
    unacked_[frame.cursor].unacked.push_back(frame.part);
    due = TakeDue();
  }
  Settle(std::move(due));
}

bool AckedSession::Ack(const EventId& frame) {
  if (frame.instance != instance_->number()) return false;
  Settlements due;
  {
    absl::MutexLock lock(&mu_);
    const auto event = unacked_.find(frame.cursor);
    if (ended_ || event == unacked_.end()) return false;
    auto& parts = event->second.unacked;
    const auto part = std::find(parts.begin(), parts.end(), frame.part);
    if (part == parts.end()) return false;
    parts.erase(part);
    acked_at_ = SteadyNow();
    last_acked_ = std::max(last_acked_, frame.cursor);
    if (parts.empty() && event->second.sent) {
      unacked_.erase(event);
      AddAck(frame.cursor, frame.cursor);
    }
    due = TakeDue();
  }
  Settle(std::move(due));
  return true;
}

void AckedSession::End(bool client_left) {
  Leave(client_left);
  holder_->Cancel();
}

void AckedSession::Leave(bool client_left) {
  Settlements items;
  {
    absl::MutexLock lock(&mu_);
    if (std::exchange(ended_, true)) return;
    items = TakeAcks();
    bool is_first = true;
    for (const auto& [cursor, event] : unacked_) {
      if (!client_left || (cursor >= last_acked_ && !is_first)) break;
      items.push_back(Of(cursor, cursor, Settlement::Action::kNack));
      items.back().reason = "it was not acknowledged when the connection ended";
      is_first = false;
    }
    items = Taken(std::move(items));
    if (timer_) core_.timers.Cancel(*timer_);
    use_ = SessionStore::Use();
  }
  Settle(std::move(items));
  TellOver();
}

bool AckedSession::IsOver() const {
  absl::MutexLock lock(&mu_);
  return ended_ && settling_ == 0;
}

void AckedSession::AwaitOver(absl::Duration patience, absl::AnyInvocable<void()> done) {
  {
    absl::MutexLock lock(&mu_);
    waiting_.push_back(std::move(done));
    if (!ended_) {
      core_.timers.Schedule(SteadyNow() + absl::ToChronoNanoseconds(patience), [weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->Yield();
      });
    }
  }
  TellOver();
}

void AckedSession::TellOver() {
  std::vector<absl::AnyInvocable<void()>> waiting;
  {
    absl::MutexLock lock(&mu_);
    if (!ended_ || settling_ > 0) return;
    waiting.swap(waiting_);
  }
  for (auto& done : waiting) core_.executor.Post(std::move(done));
}

std::optional<Cursor> AckedSession::first_unacked() const {
  absl::MutexLock lock(&mu_);
  return unacked_.empty() ? std::nullopt : std::optional<Cursor>(unacked_.begin()->first);
}

size_t AckedSession::unacked_events() const {
  absl::MutexLock lock(&mu_);
  return unacked_.size();
}

void AckedSession::Settle(Settlements items) {
  if (items.empty()) return;
  // Refused settlements are for events that were parked in the meantime. The consumer retries failed writes.
  (void)holder_->Settle(std::move(items), [](const absl::Status&) {});
  {
    absl::MutexLock lock(&mu_);
    --settling_;
  }
  TellOver();
}

AckedSession::Settlements AckedSession::Taken(Settlements items) {
  if (!items.empty()) ++settling_;
  return items;
}

Settlement AckedSession::Of(Cursor first, Cursor last, Settlement::Action action) const {
  Settlement item;
  item.instance = instance_->number();
  item.first = first;
  item.last = last;
  item.action = action;
  return item;
}

void AckedSession::PassOver(Cursor before) {
  size_t done = 0;
  for (Run& run : delivered_) {
    if (run.first >= before) break;
    const bool whole = run.last < before;
    // `before` is an event of the last delivery (see Sent), so it is part of this run.
    const Cursor last = whole ? run.last : Cursor(before.value() - 1);
    AddAck(run.first, last);
    if (!whole) {
      run.first = before;
      break;
    }
    ++done;
  }
  delivered_.erase(delivered_.begin(), delivered_.begin() + static_cast<std::ptrdiff_t>(done));
}

void AckedSession::FinishEvent() {
  if (!sending_) return;
  const Cursor cursor = *std::exchange(sending_, std::nullopt);
  if (!delivered_.empty() && delivered_.front().first == cursor) {
    Run& run = delivered_.front();
    run.first = Cursor(cursor.value() + 1);
    if (run.first > run.last) delivered_.erase(delivered_.begin());
  }
  const auto event = unacked_.find(cursor);
  if (event == unacked_.end()) return;  // It was parked.
  event->second.sent = true;
  if (!event->second.unacked.empty()) return;
  unacked_.erase(event);
  AddAck(cursor, cursor);
}

void AckedSession::AddAck(Cursor first, Cursor last) {
  acked_events_ += last.value() - first.value() + 1;
  if (!acks_.empty() && acks_.back().last.value() + 1 == first.value()) {
    acks_.back().last = last;
  } else {
    acks_.push_back({first, last});
  }
}

AckedSession::Settlements AckedSession::TakeDue() {
  const SteadyTime now = SteadyNow();
  Settlements items;
  if (acked_events_ >= kAcksPerWrite) {
    items = TakeAcks();
  } else if (!acks_.empty()) {
    ArmTimer(now + absl::ToChronoNanoseconds(kAckWriteInterval));
  }
  MakeRoom(now, items);
  return Taken(std::move(items));
}

AckedSession::Settlements AckedSession::TakeAcks() {
  Settlements items;
  for (const Run& run : acks_) items.push_back(Of(run.first, run.last, Settlement::Action::kAck));
  acks_.clear();
  acked_events_ = 0;
  return items;
}

void AckedSession::MakeRoom(SteadyTime now, Settlements& items) {
  if (!asking_ || unacked_.size() < kSessionWindowEvents) return;
  const auto oldest = unacked_.begin();
  const bool left_behind = oldest->first < last_acked_;
  if (!left_behind && now < acked_at_ + silence_max_) return ArmTimer(acked_at_ + silence_max_);
  items.push_back(Of(oldest->first, oldest->first, Settlement::Action::kPark));
  items.back().reason = left_behind ? "later events were acknowledged, and there was no room to wait for this one"
                                    : "the client acknowledges nothing";
  unacked_.erase(oldest);
}

void AckedSession::ArmTimer(SteadyTime at) {
  if (timer_ && timer_->deadline <= at) return;
  if (timer_) core_.timers.Cancel(*timer_);
  timer_ = core_.timers.Schedule(at, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->OnTimer();
  });
}

void AckedSession::OnTimer() {
  Settlements items;
  {
    absl::MutexLock lock(&mu_);
    timer_.reset();
    if (ended_) return;
    items = TakeAcks();
    MakeRoom(SteadyNow(), items);
    items = Taken(std::move(items));
  }
  Settle(std::move(items));
}

}  // namespace playhead::broker
