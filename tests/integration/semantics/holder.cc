#include "tests/integration/semantics/holder.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "absl/time/clock.h"

namespace playhead::testing {

std::unique_ptr<Holder::Stream> Holder::Open(grpc::ClientContext& context, bool take_over) {
  held_.clear();
  unanswered_.clear();
  last_number_ = 0;
  std::unique_ptr<Stream> stream = stub_->Consume(&context);
  v1::ConsumeRequest request;
  request.mutable_open()->set_consumer(options_.consumer);
  request.mutable_open()->set_take_over(take_over);
  request.mutable_open()->set_in_flight_max(static_cast<uint32_t>(1 + random_.Below(300)));
  stream->Write(request);
  return stream;
}

void Holder::HoldForAWhile(const std::atomic<bool>& stop) {
  Oracle::Stream told = oracle_.Begin(options_.consumer);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
  const std::unique_ptr<Stream> stream = Open(context, options_.takes_over && random_.OneIn(3));
  v1::ConsumeResponse response;
  for (uint64_t left = 1 + random_.Below(30); left > 0 && !stop && stream->Read(&response); --left) {
    Take(response, told);
    if (response.events_size() > 0 && !SettleSome(response, *stream, told)) break;
    OnAnswers(response, told);
  }
  if (random_.OneIn(2)) {
    context.TryCancel();
  } else {
    stream->WritesDone();
  }
  while (stream->Read(&response)) {
    Take(response, told);
    OnAnswers(response, told);
  }
  stream->Finish();
}

bool Holder::HoldToTheEnd(absl::Time deadline) {
  bool drained = false;
  while (!drained && absl::Now() < deadline) {
    Oracle::Stream told = oracle_.Begin(options_.consumer);
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(deadline));
    const std::unique_ptr<Stream> stream = Open(context, /*take_over=*/true);
    v1::ConsumeResponse response;
    while (!drained && stream->Read(&response)) {
      Take(response, told);
      if (response.events_size() > 0 && !AckAll(response, *stream, told)) break;
      OnAnswers(response, told);
      drained = response.has_heartbeat() && unanswered_.empty() && IsDrained();
    }
    context.TryCancel();
    stream->Finish();
  }
  return drained;
}

void Holder::Take(const v1::ConsumeResponse& response, Oracle::Stream& told) {
  if (response.has_gap()) told.OnGap(response.instance(), response.gap().after_cursor(), response.gap().last_cursor());
  if (response.replayed()) return;
  for (const v1::Event& event : response.events()) {
    told.OnDelivered({response.instance(), event.cursor()}, event.type(), event.data());
    held_[response.instance()].insert(event.cursor());
  }
}

bool Holder::SettleSome(const v1::ConsumeResponse& response, Stream& stream, Oracle::Stream& told) {
  const std::string& instance = response.instance();
  std::set<uint64_t>& held = held_[instance];
  const uint64_t way = random_.Below(10);
  if (way == 0) return true;  // Said later, by `up_to_cursor`, or never.
  v1::ConsumeRequest request;
  Sent sent;
  const auto add = [&request, &sent, &instance]() -> v1::Settlement& {
    sent.acked.emplace_back();
    sent.parked.emplace_back();
    v1::Settlement& settlement = *request.mutable_settle()->add_settlements();
    settlement.set_instance(instance);
    return settlement;
  };
  if (way <= 2) {
    v1::Settlement& settlement = add();
    settlement.set_up_to_cursor(response.events().rbegin()->cursor());
    settlement.mutable_ack();
    for (const uint64_t cursor : held) {
      if (cursor > settlement.up_to_cursor()) break;
      // What it no longer held is not named in the answer, so that nobody knows what counts.
      if (options_.deadline_is_long) sent.acked.back().insert({instance, cursor});
      if (!options_.deadline_is_long) told.OnSettling({instance, cursor});
    }
    held.erase(held.begin(), held.upper_bound(settlement.up_to_cursor()));
    // What failed may be on its way here again, and is then held, and settled unseen.
    for (const uint64_t cursor : nacked_[instance]) {
      if (cursor <= settlement.up_to_cursor()) told.OnSettling({instance, cursor});
    }
    return Send(std::move(request), std::move(sent), stream, told);
  }
  std::vector<uint64_t> left;
  for (const v1::Event& event : response.events()) {
    if (way >= 7 && random_.OneIn(20)) {
      v1::Settlement& settlement = add();
      settlement.add_cursors(event.cursor());
      if (way == 7) {
        settlement.mutable_nack()->set_delay_ms(static_cast<uint32_t>(random_.Below(200)));
        nacked_[instance].insert(event.cursor());
      } else if (way == 8) {
        settlement.mutable_park()->set_reason("at random");
        sent.parked.back().insert({instance, event.cursor()});
      } else {
        settlement.mutable_in_progress();
        left.push_back(event.cursor());
        continue;
      }
    } else {
      left.push_back(event.cursor());
      continue;
    }
    held.erase(event.cursor());
  }
  if (!left.empty()) {
    v1::Settlement& settlement = add();
    for (const uint64_t cursor : left) {
      settlement.add_cursors(cursor);
      sent.acked.back().insert({instance, cursor});
      held.erase(cursor);
    }
    settlement.mutable_ack();
  }
  return Send(std::move(request), std::move(sent), stream, told);
}

bool Holder::AckAll(const v1::ConsumeResponse& response, Stream& stream, Oracle::Stream& told) {
  v1::ConsumeRequest request;
  Sent sent;
  sent.acked.emplace_back();
  sent.parked.emplace_back();
  v1::Settlement& settlement = *request.mutable_settle()->add_settlements();
  settlement.set_instance(response.instance());
  settlement.set_replay_id(response.replay_id());
  settlement.mutable_ack();
  for (const v1::Event& event : response.events()) {
    settlement.add_cursors(event.cursor());
    if (!response.replayed()) sent.acked.back().insert({response.instance(), event.cursor()});
  }
  return Send(std::move(request), std::move(sent), stream, told);
}

bool Holder::Send(v1::ConsumeRequest request, Sent sent, Stream& stream, Oracle::Stream& told) {
  request.mutable_settle()->set_number(++last_number_);
  for (const auto& keys : sent.acked) {
    for (const EventKey& event : keys) told.OnSettling(event);
  }
  for (const auto& keys : sent.parked) {
    for (const EventKey& event : keys) told.OnSettling(event);
  }
  unanswered_.emplace(last_number_, std::move(sent));
  return stream.Write(request);
}

void Holder::OnAnswers(const v1::ConsumeResponse& response, Oracle::Stream& told) {
  if (response.has_refused()) {
    Sent& sent = unanswered_.at(response.refused().number());
    for (const auto& item : response.refused().items()) {
      for (auto* const keys : {&sent.acked.at(item.index()), &sent.parked.at(item.index())}) {
        for (auto it = keys->begin(); it != keys->end();) {
          const bool named = item.cursors_size() == 0 || std::find(item.cursors().begin(), item.cursors().end(),
                                                                   it->second) != item.cursors().end();
          if (named) told.OnRefused(*it);
          it = named ? keys->erase(it) : std::next(it);
        }
      }
    }
  }
  if (!response.has_confirmed()) return;
  while (!unanswered_.empty() && unanswered_.begin()->first <= response.confirmed().up_to_number()) {
    const Sent& sent = unanswered_.begin()->second;
    for (const auto& keys : sent.acked) {
      for (const EventKey& event : keys) told.OnConfirmed(event);
    }
    for (const auto& keys : sent.parked) {
      for (const EventKey& event : keys) told.OnParked(event);
    }
    unanswered_.erase(unanswered_.begin());
  }
}

bool Holder::IsDrained() {
  grpc::ClientContext context;
  v1::GetConsumerRequest request;
  request.set_name(options_.consumer);
  v1::GetConsumerResponse response;
  if (!stub_->GetConsumer(&context, request, &response).ok()) return false;
  const v1::Consumer& consumer = response.consumer();
  return consumer.lag().event_count() == 0 && consumer.unsettled_count() == 0 && consumer.in_flight() == 0;
}

}  // namespace playhead::testing
