#include "broker/grpc/consume_stream.h"

#include <utility>
#include <variant>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/auth/call_access.h"
#include "broker/grpc/call_metadata.h"
#include "broker/grpc/consume_response.h"
#include "broker/grpc/consumer_messages.h"
#include "broker/grpc/error_status.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/settle_request.h"
#include "broker/late_refusal.h"
#include "broker/log.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

absl::Status Malformed(absl::string_view message) { return MakeError(Reason::kMalformedRequest, message); }

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* ConsumeStream::Start(
    const Core& core, ConsumerRegistry& consumers, StalledCalls& stalled_calls, grpc::CallbackServerContext& context) {
  const auto stream = std::make_shared<ConsumeStream>(core, consumers, stalled_calls, context);
  stream->self_ = stream;
  stream->Enter();
  stream->Run();
  return stream.get();
}

ConsumeStream::ConsumeStream(const Core& core, ConsumerRegistry& consumers, StalledCalls& stalled_calls,
                             grpc::CallbackServerContext& context)
    : core_(core),
      consumers_(consumers),
      context_(context),
      watch_(std::in_place, stalled_calls, core.delivery_budget, context),
      numbers_(std::make_shared<InstanceNumbers>(core.log)),
      window_(core.limits.consume_settle_requests_max, core.limits.consume_settle_bytes_max) {}

void ConsumeStream::Enter() {
  CallAccess access = JudgeAccess(core_, BearerSecret(context_), 0);
  if (!access.refusal.ok() && access.refusal_delay > absl::ZeroDuration()) {
    absl::MutexLock lock(&mu_);
    held_back_ = true;  // Nothing is read before the stream ends.
    RefuseAfter(core_.timers, access.refusal_delay,
                [self = shared_from_this(), refusal = access.refusal] { self->Close(refusal); });
    return;
  }
  absl::Status refusal = access.refusal;
  if (refusal.ok()) {
    auto ticket = core_.streams.Admit(shared_from_this(), access.caller);
    refusal = ticket.status();
    if (ticket.ok()) {
      ticket_ = *std::move(ticket);
      caller_ = std::move(access.caller);
      return;
    }
  }
  absl::MutexLock lock(&mu_);
  closing_ = std::move(refusal);
}

void ConsumeStream::OnReadDone(bool ok) {
  {
    absl::MutexLock lock(&mu_);
    if (finished_) return;
    if (!ok) read_closed_ = true;
    ok = ok && !ending();  // A late request does not count, and the stream's status says so.
    if (!ok) reading_ = false;
  }
  if (!ok) return Run();
  grpc::ByteBuffer request;
  request.Swap(&incoming_);
  if (absl::Status status = TakeUp(request); !status.ok()) Close(std::move(status));
}

absl::Status ConsumeStream::TakeUp(const grpc::ByteBuffer& buffer) {
  v1::ConsumeRequest request;
  if (absl::Status status = ParseRequest(buffer, request); !status.ok()) return status;
  bool first;
  {
    absl::MutexLock lock(&mu_);
    first = !std::exchange(asked_to_open_, true);
  }
  if (first != request.has_open()) {
    return Malformed("the first request of the stream is `open`, and no later one is");
  }
  switch (request.request_case()) {
    case v1::ConsumeRequest::kOpen:
      return Open(request.open());
    case v1::ConsumeRequest::kCredit:
      return AddCredit(request.credit());
    case v1::ConsumeRequest::kSettle: {
      if (absl::Status status = CheckSettle(request.settle()); !status.ok()) return status;
      {
        absl::MutexLock lock(&mu_);
        absl::Status status = window_.Add(request.settle().number(), buffer.Length());
        if (!status.ok()) return status;
      }
      Settle(std::move(*request.mutable_settle()));
      return absl::OkStatus();
    }
    case v1::ConsumeRequest::REQUEST_NOT_SET:
      break;
  }
  return Malformed("a request is `open`, `settle` or `credit`");
}

void ConsumeStream::EndRequest() {
  {
    absl::MutexLock lock(&mu_);
    reading_ = false;
  }
  Run();
}

// Opening.

absl::Status ConsumeStream::Open(const v1::ConsumeRequest::Open& request) {
  HolderOptions options;
  options.take_over = request.take_over();
  options.in_flight_max = request.in_flight_max();
  options.manual_credit = request.manual_credit();
  options.key_id = caller_->key_id();
  manual_credit_ = options.manual_credit;
  if (options.in_flight_max > kInFlightMaxMax) {
    return MakeError(Reason::kLimitInvalid, absl::StrCat("`in_flight_max` is ", options.in_flight_max, "; 1 to ",
                                                         kInFlightMaxMax, " are allowed, and 0 for the consumer's"));
  }
  if (!request.has_create()) {
    Hold(request.consumer(), std::move(options));
    return absl::OkStatus();
  }
  auto config = ToConsumerConfig(request.create().config());
  if (!config.ok()) return config.status();
  if (!request.consumer().empty() && request.consumer() != config->name) {
    return MakeError(Reason::kConsumerInvalid, "`open.consumer` and the name in `open.create` are not the same");
  }
  auto start = ToConsumerStart(core_.log, request.create().start());
  if (!start.ok()) return start.status();
  const std::string name = config->name;
  consumers_.Create(caller_, *std::move(config), *std::move(start),
                    [self = shared_from_this(), name, options](absl::StatusOr<ConsumerRegistry::Created> made) mutable {
                      if (!made.ok()) return self->Close(made.status());
                      self->created_ = made->created;
                      self->Hold(name, std::move(options));
                    });
  return absl::OkStatus();
}

void ConsumeStream::Hold(const std::string& consumer, HolderOptions options) {
  auto holder = consumers_.Open(caller_, consumer, std::move(options));
  if (!holder.ok()) return Close(holder.status());
  bool too_late;
  {
    absl::MutexLock lock(&mu_);
    too_late = finished_;
    if (!too_late) holder_ = *holder;
  }
  if (too_late) {
    (*holder)->Cancel();
    return;
  }
  EndRequest();
}

// Settling.

absl::Status ConsumeStream::AddCredit(const v1::ConsumeRequest::Credit& request) {
  if (!manual_credit_) return Malformed("`credit` is for streams that were opened with `manual_credit`");
  if (request.events() == 0) return Malformed("`credit.events` is at least 1");
  holder()->AddCredit(request.events());
  EndRequest();
  return absl::OkStatus();
}

void ConsumeStream::Settle(v1::ConsumeRequest::Settle request) {
  absl::flat_hash_set<std::string> names;
  for (const v1::Settlement& settlement : request.settlements()) {
    if (!settlement.instance().empty()) names.insert(settlement.instance());
  }
  numbers_->Find(std::move(names), [self = shared_from_this(), request = std::move(request)](
                                       const InstanceNumbers::Found& numbers) { self->SettleFound(request, numbers); });
}

void ConsumeStream::SettleFound(const v1::ConsumeRequest::Settle& request, const InstanceNumbers::Found& numbers) {
  std::optional<storage::InstanceNumber> own_instance;
  {
    absl::MutexLock lock(&mu_);
    own_instance = own_instance_;
  }
  SettleRequest settle(request, [&](const std::string& name) {
    if (name.empty()) return own_instance;
    const auto found = numbers.find(name);
    return found == numbers.end() ? std::nullopt : std::make_optional(found->second);
  });
  const uint64_t number = request.number();
  const std::vector<RefusedSettlement> refused = holder()->Settle(
      settle.TakeItems(),
      [self = shared_from_this(), number](const absl::Status& status) { self->OnConfirmed(number, status); });
  {
    absl::MutexLock lock(&mu_);
    window_.SetRefused(number, settle.TakeRefused(refused));
  }
  EndRequest();
}

void ConsumeStream::OnConfirmed(uint64_t number, const absl::Status& status) {
  {
    absl::MutexLock lock(&mu_);
    if (status.ok()) {
      window_.SetDurable(number);
    } else {
      closing_.Update(status);
      window_.Abandon(number);
    }
  }
  Run();
}

// Delivering.

void ConsumeStream::OnDelivery(HolderDelivery delivery) {
  if (const auto* const closed = std::get_if<Closed>(&delivery)) {
    {
      absl::MutexLock lock(&mu_);
      asking_ = false;
      let_go_ = true;
      closing_.Update(closed->status);
    }
    return Run();
  }
  Message message;
  std::shared_ptr<storage::Instance> instance;
  if (const auto* const opened = std::get_if<HolderOpened>(&delivery)) {
    one_instance_ = opened->config.source.one_instance();
    instance = opened->instance;
  } else if (const auto* const events = std::get_if<HeldEvents>(&delivery)) {
    message.batch = events->batch;
    instance = events->instance;
  }
  if (instance != nullptr) numbers_->Remember(*instance);
  message.bytes = EncodeDelivery(delivery, {.log = core_.log,
                                            .one_instance = one_instance_,
                                            .created = created_,
                                            .heartbeat_interval = core_.limits.heartbeat_interval});
  {
    absl::MutexLock lock(&mu_);
    asking_ = false;
    if (one_instance_ && instance != nullptr) own_instance_ = instance->number();
    due_ = std::move(message);
  }
  Run();
}

void ConsumeStream::OnWriteDone(bool ok) {
  bool handed_over;
  watch_->WriteDone();
  const uint64_t batch = std::exchange(outgoing_, {}).batch;
  {
    absl::MutexLock lock(&mu_);
    if (!ok) write_failed_ = true;
    handed_over = batch != 0 && ok && !let_go_;
  }
  if (handed_over) holder()->HandedOver(batch);
  {
    absl::MutexLock lock(&mu_);
    writing_ = false;  // Only now: what is written next may make the client end the stream.
  }
  Run();
}

// Ending.

void ConsumeStream::OnCancel() {
  {
    absl::MutexLock lock(&mu_);
    write_failed_ = true;
  }
  Run();
}

void ConsumeStream::Close(absl::Status status) {
  {
    absl::MutexLock lock(&mu_);
    closing_.Update(status);
    held_back_ = false;
  }
  Run();
}

void ConsumeStream::OnDone() {
  ticket_ = StreamRegistry::Ticket();
  watch_.reset();
  self_.reset();
}

absl::Status ConsumeStream::FinalStatus() const {
  if (!closing_.ok()) return closing_;
  if (write_failed_) return absl::CancelledError("the client is gone");
  return asked_to_open_ ? absl::OkStatus() : Malformed("the stream ended before it was opened");
}

// Deciding what to do next.

std::shared_ptr<ConsumerHolder> ConsumeStream::holder() const {
  absl::MutexLock lock(&mu_);
  return holder_;
}

bool ConsumeStream::TakeOutgoing() {
  const bool delivery_first = due_.has_value() && (answered_last_ || !opened_);
  std::optional<v1::ConsumeResponse> answer;
  if (!delivery_first) answer = window_.TakeAnswer();
  answered_last_ = answer.has_value();
  if (answer.has_value()) {
    outgoing_ = {.bytes = ToByteBuffer(*answer)};
    return true;
  }
  if (!due_.has_value()) return false;
  outgoing_ = std::move(*due_);
  due_.reset();
  opened_ = true;
  return true;
}

ConsumeStream::Action ConsumeStream::Decide() {
  if (finished_) return Action::kNone;
  if (ending()) {
    due_.reset();  // Its events go back to the holder.
    if (holder_ != nullptr && !let_go_) {
      let_go_ = true;
      return Action::kLetGo;
    }
  }
  if (!writing_ && !write_failed_ && TakeOutgoing()) {
    writing_ = true;
    return Action::kWrite;
  }
  if (ending()) {
    const bool answered = write_failed_ || window_.empty();
    if (writing_ || asking_ || !answered || held_back_) return Action::kNone;
    finished_ = true;
    return Action::kFinish;
  }
  if (!asking_ && !due_.has_value() && !writing_ && holder_ != nullptr) {
    asking_ = true;
    return Action::kAsk;
  }
  const bool may_read = asked_to_open_ ? opened_ && window_.has_room() : caller_ != nullptr;
  if (!reading_ && may_read) {
    reading_ = true;
    return Action::kRead;
  }
  return Action::kNone;
}

void ConsumeStream::Act(Action action) {
  switch (action) {
    case Action::kRead:
      return StartRead(&incoming_);
    case Action::kWrite:
      watch_->WriteStarted();
      return StartWrite(&outgoing_.bytes);
    case Action::kAsk:
      if (holder()->Next(
              [self = shared_from_this()](HolderDelivery delivery) { self->OnDelivery(std::move(delivery)); })) {
        return;
      }
      break;
    case Action::kLetGo:
      if (!holder()->Cancel()) return;
      break;
    case Action::kFinish: {
      absl::Status status;
      {
        absl::MutexLock lock(&mu_);
        status = FinalStatus();
      }
      if (!status.ok() && !absl::IsCancelled(status)) LogRefusal("Consume", status);
      return Finish(ToGrpcStatus(status, context_));
    }
    case Action::kNone:
      return;
  }
  absl::MutexLock lock(&mu_);
  asking_ = false;  // The holder will not answer.
}

void ConsumeStream::Run() {
  const std::shared_ptr<ConsumeStream> self = shared_from_this();
  mu_.Lock();
  if (running_) {
    mu_.Unlock();
    return;
  }
  running_ = true;
  for (Action action = Decide(); action != Action::kNone; action = Decide()) {
    mu_.Unlock();
    Act(action);
    mu_.Lock();
  }
  running_ = false;
  mu_.Unlock();
}

}  // namespace playhead::broker
