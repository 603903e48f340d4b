#include "client/internal/settlements.h"

#include <algorithm>

#include "proto/errors.h"

namespace playhead::internal {

void Settlements::Hold(const DeliveryBatch& batch) {
  std::deque<uint64_t>& held = held_[KeyOf(batch.source())];
  for (const EventView& event : batch) {
    if (held.empty() || held.back() < event.cursor) {
      held.push_back(event.cursor);
      continue;
    }
    // Redelivered.
    const auto at = std::lower_bound(held.begin(), held.end(), event.cursor);
    if (*at != event.cursor) held.insert(at, event.cursor);
  }
}

std::vector<uint64_t> Settlements::HeldUpTo(const DeliverySource& source, uint64_t cursor) const {
  const auto held = held_.find(KeyOf(source));
  if (held == held_.end()) return {};
  return {held->second.begin(), std::upper_bound(held->second.begin(), held->second.end(), cursor)};
}

bool Settlements::Settle(const DeliverySource& source, absl::Span<const uint64_t> cursors, const v1::Settlement& action,
                         SettledCallback& done) {
  const auto found = held_.find(KeyOf(source));
  if (found == held_.end()) return false;
  std::deque<uint64_t>& held = found->second;
  std::vector<uint64_t> settled;
  for (const uint64_t cursor : cursors) {
    const auto at = held.front() == cursor ? held.begin() : std::lower_bound(held.begin(), held.end(), cursor);
    if (at == held.end() || *at != cursor) continue;
    settled.push_back(cursor);
    if (action.has_in_progress()) continue;
    if (at == held.begin()) {
      held.pop_front();
    } else {
      held.erase(at);
    }
    if (held.empty()) break;
  }
  if (held.empty()) held_.erase(found);
  if (settled.empty()) return false;
  v1::Settlement settlement = action;
  settlement.set_instance(source.instance);
  settlement.set_replay_id(source.replay_id);
  for (size_t from = 0; from < settled.size(); from += kCursorsMax) {
    const absl::Span<const uint64_t> part = absl::MakeSpan(settled).subspan(from, kCursorsMax);
    if (!JoinsLast(settlement) ||
        static_cast<size_t>(unsent_.back().settlement.cursors_size()) + part.size() > kCursorsMax) {
      unsent_.push_back({settlement, {}});
    }
    unsent_.back().settlement.mutable_cursors()->Add(part.begin(), part.end());
  }
  // The callback waits for the last part, which is confirmed last.
  if (done) {
    unsent_.back().waiting.push_back({std::move(settled), std::move(done), absl::OkStatus()});
    ++callbacks_;
  }
  return true;
}

bool Settlements::JoinsLast(const v1::Settlement& settlement) const {
  if (unsent_.empty() || !settlement.has_ack()) return false;
  const v1::Settlement& last = unsent_.back().settlement;
  return last.has_ack() && last.instance() == settlement.instance() && last.replay_id() == settlement.replay_id();
}

void Settlements::ExtendAll() {
  for (const auto& [key, held] : held_) {
    Queued& queued = unsent_.emplace_back();
    queued.settlement.set_instance(key.first);
    queued.settlement.set_replay_id(key.second);
    // Extending an event that is still in flight does no harm.
    queued.settlement.set_up_to_cursor(held.back());
    queued.settlement.mutable_in_progress();
  }
}

v1::ConsumeRequest Settlements::TakeRequest() {
  v1::ConsumeRequest request;
  v1::ConsumeRequest::Settle& settle = *request.mutable_settle();
  Sent& sent = unconfirmed_.emplace_back();
  sent.number = next_number_++;
  settle.set_number(sent.number);
  size_t cursors = 0;
  while (!unsent_.empty() && static_cast<size_t>(settle.settlements_size()) < kSettlementsMax) {
    Queued& next = unsent_.front();
    cursors += static_cast<size_t>(next.settlement.cursors_size());
    if (cursors > kCursorsMax) break;
    settle.add_settlements()->Swap(&next.settlement);
    sent.waiting.push_back(std::move(next.waiting));
    unsent_.pop_front();
  }
  return request;
}

void Settlements::OnConfirmed(uint64_t up_to_number, std::vector<Told>& told) {
  while (!unconfirmed_.empty() && unconfirmed_.front().number <= up_to_number) {
    for (std::vector<Waiting>& waiting : unconfirmed_.front().waiting) {
      for (Waiting& one : waiting) told.push_back({std::move(one.done), std::move(one.refusal)});
      callbacks_ -= waiting.size();
    }
    unconfirmed_.pop_front();
  }
}

void Settlements::OnRefused(const v1::ConsumeResponse::Refused& refused) {
  const auto sent = std::find_if(unconfirmed_.begin(), unconfirmed_.end(),
                                 [&refused](const Sent& one) { return one.number == refused.number(); });
  if (sent == unconfirmed_.end()) return;
  for (const auto& item : refused.items()) {
    if (item.index() >= sent->waiting.size()) continue;
    for (Waiting& one : sent->waiting[item.index()]) {
      const bool is_meant =
          item.cursors().empty() || std::any_of(item.cursors().begin(), item.cursors().end(), [&one](uint64_t cursor) {
            return std::binary_search(one.cursors.begin(), one.cursors.end(), cursor);
          });
      if (is_meant) one.refusal.Update(FromProto(item.error()));
    }
  }
}

bool Settlements::Reset(const absl::Status& status, std::vector<Told>& told) {
  const bool any = !idle();
  for (Sent& sent : unconfirmed_) {
    for (std::vector<Waiting>& waiting : sent.waiting) {
      for (Waiting& one : waiting) told.push_back({std::move(one.done), one.refusal.ok() ? status : one.refusal});
    }
  }
  for (Queued& queued : unsent_) {
    for (Waiting& one : queued.waiting) told.push_back({std::move(one.done), status});
  }
  unconfirmed_.clear();
  unsent_.clear();
  held_.clear();
  callbacks_ = 0;
  return any;
}

}  // namespace playhead::internal
