#include "tests/support/consume_session.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace playhead::testing {
namespace {

v1::Settlement Of(const HeldEvent& event) {
  v1::Settlement settlement;
  settlement.set_instance(event.instance);
  settlement.add_cursors(event.cursor);
  settlement.set_replay_id(event.replay_id);
  return settlement;
}

}  // namespace

v1::CreateConsumerRequest ConsumerOf(const std::string& name, const std::string& instance) {
  v1::CreateConsumerRequest request;
  request.mutable_config()->set_name(name);
  request.mutable_config()->mutable_source()->set_instance(instance);
  request.mutable_config()->set_ack_deadline_ms(600'000);
  request.mutable_start()->mutable_beginning();
  return request;
}

v1::CreateConsumerRequest ConsumerOfPrefix(const std::string& name, const std::string& prefix) {
  v1::CreateConsumerRequest request = ConsumerOf(name, "");
  request.mutable_config()->mutable_source()->set_prefix(prefix);
  return request;
}

v1::ConsumeRequest::Open OpenOf(const std::string& name) {
  v1::ConsumeRequest::Open open;
  open.set_consumer(name);
  return open;
}

v1::ConsumeRequest::Open OpenOf(const v1::CreateConsumerRequest& create) {
  v1::ConsumeRequest::Open open;
  *open.mutable_create() = create;
  return open;
}

ConsumeSession::ConsumeSession(const std::shared_ptr<grpc::Channel>& channel, const v1::ConsumeRequest::Open& open,
                               const std::string& secret)
    : stub_(v1::Consumers::NewStub(channel)) {
  SetSecret(context_, secret);
  stream_ = stub_->Consume(&context_);
  v1::ConsumeRequest request;
  *request.mutable_open() = open;
  stream_->Write(request);
}

ConsumeSession::~ConsumeSession() {
  Cancel();
  if (!ended_) AwaitEnd();
}

bool ConsumeSession::Read() {
  v1::ConsumeResponse response;
  if (ended_ || !stream_->Read(&response)) return false;
  for (int i = 0; i < response.events_size(); ++i) {
    const v1::Event& event = response.events(i);
    const uint32_t attempt = response.attempts().empty() ? 1 : response.attempts(i);
    events_.push_back({response.instance(), event.cursor(), attempt, response.replay_id(), event.data()});
  }
  if (response.has_confirmed()) confirmed_ = response.confirmed().up_to_number();
  if (response.has_refused()) refused_.push_back(response.refused());
  const bool other = response.has_opened() || response.has_caught_up() || response.has_gap();
  if (other) notices_.push_back(std::move(response));
  return true;
}

namespace {

// Takes the first of `notices` that `is` the one looked for, reading more until there is one.
template <typename Is, typename Read>
bool TakeNotice(std::deque<v1::ConsumeResponse>& notices, Is is, Read read, v1::ConsumeResponse& out) {
  for (;;) {
    const auto found = std::find_if(notices.begin(), notices.end(), is);
    if (found != notices.end()) {
      out = std::move(*found);
      notices.erase(found);
      return true;
    }
    if (!read()) return false;
  }
}

}  // namespace

bool ConsumeSession::AwaitOpened(v1::ConsumeResponse::Opened* opened) {
  v1::ConsumeResponse out;
  const bool came = TakeNotice(
      notices_, [](const v1::ConsumeResponse& r) { return r.has_opened(); }, [this] { return Read(); }, out);
  if (came && opened != nullptr) *opened = out.opened();
  return came;
}

bool ConsumeSession::AwaitCaughtUp() {
  v1::ConsumeResponse out;
  return TakeNotice(
      notices_, [](const v1::ConsumeResponse& r) { return r.has_caught_up(); }, [this] { return Read(); }, out);
}

bool ConsumeSession::AwaitGap(v1::Gap* gap) {
  v1::ConsumeResponse out;
  const bool came = TakeNotice(
      notices_, [](const v1::ConsumeResponse& r) { return r.has_gap(); }, [this] { return Read(); }, out);
  *gap = out.gap();
  return came;
}

bool ConsumeSession::AwaitRefused(v1::ConsumeResponse::Refused* refused) {
  while (refused_taken_ == refused_.size()) {
    if (!Read()) return false;
  }
  *refused = refused_[refused_taken_++];
  return true;
}

std::vector<HeldEvent> ConsumeSession::Take(size_t count) {
  while (events_.size() < count && Read()) {
  }
  const auto end = events_.begin() + static_cast<ptrdiff_t>(std::min(count, events_.size()));
  std::vector<HeldEvent> taken(std::make_move_iterator(events_.begin()), std::make_move_iterator(end));
  events_.erase(events_.begin(), end);
  return taken;
}

bool ConsumeSession::AwaitConfirmed(uint64_t number) {
  while (confirmed_ < number) {
    if (!Read()) return false;
  }
  return true;
}

uint64_t ConsumeSession::Settle(v1::Settlement settlement) {
  v1::ConsumeRequest request;
  *request.mutable_settle()->add_settlements() = std::move(settlement);
  request.mutable_settle()->set_number(++last_number_);
  Send(request);
  return last_number_;
}

uint64_t ConsumeSession::Ack(const HeldEvent& event) {
  v1::Settlement settlement = Of(event);
  settlement.mutable_ack();
  return Settle(std::move(settlement));
}

uint64_t ConsumeSession::AckUpTo(const std::string& instance, uint64_t cursor) {
  v1::Settlement settlement;
  settlement.set_instance(instance);
  settlement.set_up_to_cursor(cursor);
  settlement.mutable_ack();
  return Settle(std::move(settlement));
}

uint64_t ConsumeSession::Nack(const HeldEvent& event, uint32_t delay_ms, const std::string& reason) {
  v1::Settlement settlement = Of(event);
  settlement.mutable_nack()->set_delay_ms(delay_ms);
  settlement.mutable_nack()->set_reason(reason);
  return Settle(std::move(settlement));
}

uint64_t ConsumeSession::Park(const HeldEvent& event, const std::string& reason) {
  v1::Settlement settlement = Of(event);
  settlement.mutable_park()->set_reason(reason);
  return Settle(std::move(settlement));
}

uint64_t ConsumeSession::InProgress(const HeldEvent& event) {
  v1::Settlement settlement = Of(event);
  settlement.mutable_in_progress();
  return Settle(std::move(settlement));
}

void ConsumeSession::Credit(uint32_t events) {
  v1::ConsumeRequest request;
  request.mutable_credit()->set_events(events);
  Send(request);
}

CallOutcome ConsumeSession::End() {
  stream_->WritesDone();
  return AwaitEnd();
}

CallOutcome ConsumeSession::AwaitEnd() {
  while (Read()) {
  }
  ended_ = true;
  const grpc::Status status = stream_->Finish();
  return OutcomeOf(status, context_);
}

}  // namespace playhead::testing
