#include "tests/fuzz/request_targets.h"

#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/auth/key_record.h"
#include "broker/consumers/consumer_config.h"
#include "broker/grpc/consumer_messages.h"
#include "broker/grpc/read_request.h"
#include "broker/grpc/settle_request.h"
#include "broker/quota/limit_settings.h"
#include "broker/replay/selection.h"
#include "broker/retention/policy.h"
#include "playhead/v1/consumers.pb.h"
#include "playhead/v1/event_log.pb.h"
#include "playhead/v1/keys.pb.h"
#include "playhead/v1/limits.pb.h"
#include "playhead/v1/replays.pb.h"
#include "playhead/v1/retention.pb.h"
#include "proto/errors.h"
#include "storage/event_log.h"
#include "storage/limits.h"
#include "tests/fuzz/fixed_records.h"
#include "tests/fuzz/promise.h"

namespace playhead::fuzz {
namespace {

constexpr absl::Time kNow = absl::UnixEpoch();

// A status of our own, or Ok.
bool IsJudged(const absl::Status& status) {
  if (status.ok()) return true;
  const ReasonInfo* const reason = FindReason(ToProto(status).code());
  Require(reason != nullptr && reason->reason != Reason::kInternal, "a refusal has a reason");
  return false;
}

std::shared_ptr<broker::Caller> Anybody() {
  static const auto* const caller =
      new std::shared_ptr<broker::Caller>(std::make_shared<broker::Caller>([] { return kNow; }));
  return *caller;
}

void Check(const v1::SubscribeRequest& message) {
  const auto request = broker::ToSubscriptionRequest(message);
  if (IsJudged(request.status()))
    Require(storage::CheckInstanceName(request->instance).ok(), "what is read has a name");
}

void Check(const v1::FetchMissedRequest& message) {
  const auto request = broker::ToFetchRequest(message);
  if (!IsJudged(request.status())) return;
  Require(request->events_max > 0 && request->events_max <= storage::kFetchEventsMax, "a fetch has a bound");
}

void Check(const v1::ConsumeRequest::Settle& message) {
  if (!IsJudged(broker::CheckSettle(message))) return;
  broker::SettleRequest request(message, [](const std::string& name) -> std::optional<storage::InstanceNumber> {
    if (name.size() > 1) return std::nullopt;
    return storage::InstanceNumber(name.size());
  });
  const std::vector<broker::Settlement> items = request.TakeItems();
  std::vector<broker::RefusedSettlement> refused;
  for (size_t i = 0; i < items.size(); i += 2) {
    refused.push_back({i, MakeError(Reason::kNotHeld, "nobody holds it")});
  }
  const v1::ConsumeResponse::Refused answer = request.TakeRefused(refused);
  for (const auto& item : answer.items()) {
    Require(item.index() < static_cast<uint32_t>(message.settlements_size()), "what is refused was asked for");
  }
}

void Check(const v1::PlanReplayRequest& message) {
  const auto selection = broker::replay::ToSelection(message, Anybody());
  if (IsJudged(selection.status())) Require(selection->until.valid(), "a replay ends at a cursor");
}

void Check(const v1::StartReplayRequest& message) {
  const auto ranges = broker::replay::ToRanges(message, *Anybody());
  if (!IsJudged(ranges.status())) return;
  for (const broker::replay::Range& range : *ranges) Require(range.after < range.last, "a range has events");
}

void Check(const v1::RetentionPolicy& policy) {
  if (!IsJudged(broker::retention::CheckPolicy(policy))) return;
  storage::LogBounds bounds;
  bounds.first = storage::Cursor(3);
  bounds.head = storage::Cursor(100);
  const auto last = broker::retention::LastToGo(
      policy, bounds,
      {.last_older_than = [](absl::Duration age) -> absl::StatusOr<uint64_t> {
         Require(age > absl::ZeroDuration(), "an age is positive");
         return 50;
       },
       .last_beyond_bytes = [](uint64_t) -> absl::StatusOr<uint64_t> { return 40; },
       .last_settled_by_all = []() -> absl::StatusOr<std::optional<uint64_t>> { return 45; }});
  Require(last.ok() && *last >= 2 && *last <= 100, "no more goes than there is, and what is gone stays so");
  if (policy.events_min() > 0 && policy.events_min() < 98) {
    Require(*last <= 100 - policy.events_min(), "the least that is kept is kept");
  }
  if (const auto lives = broker::retention::LivesOf(policy)) {
    lives->IsOver("message", storage::Timestamp(0), storage::Timestamp(1));
  }
}

void Check(const v1::InstanceLimits& limits) {
  static const auto* const settings = [] {
    static FixedRecords nothing_set({});
    return broker::LimitSettings::Load(nothing_set)->release();
  }();
  IsJudged(settings->CheckSet("bot", limits));
}

void Check(const v1::CreateKeyRequest& message) { IsJudged(broker::CheckCreate(message, kNow)); }

void Check(const v1::ConsumerConfig& message) {
  const auto config = broker::ToConsumerConfig(message);
  if (!IsJudged(config.status()) || !IsJudged(broker::CheckConsumerConfig(*config))) return;
  const auto again = broker::ToConsumerConfig(broker::ToProto(*config));
  Require(again.ok() && *again == *config, "a consumer is told of as it was asked for");
}

void Check(const v1::Error& error) {
  const absl::Status status = FromProto(error);
  Require(!status.ok(), "an error is no success");
  IsRetryable(status);
  Require(RetryAfter(status).value_or(absl::ZeroDuration()) >= absl::ZeroDuration(), "a retry lies ahead");
}

template <typename Message>
void Parsed(absl::string_view bytes) {
  Message message;
  if (message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) Check(message);
}

}  // namespace

void GrpcRequest(absl::string_view bytes) {
  static constexpr void (*kKinds[])(absl::string_view) = {
      &Parsed<v1::SubscribeRequest>,  &Parsed<v1::FetchMissedRequest>, &Parsed<v1::ConsumeRequest::Settle>,
      &Parsed<v1::PlanReplayRequest>, &Parsed<v1::StartReplayRequest>, &Parsed<v1::RetentionPolicy>,
      &Parsed<v1::InstanceLimits>,    &Parsed<v1::CreateKeyRequest>,   &Parsed<v1::Error>,
      &Parsed<v1::ConsumerConfig>};
  if (bytes.empty()) return;
  kKinds[static_cast<uint8_t>(bytes[0]) % std::size(kKinds)](bytes.substr(1));
}

}  // namespace playhead::fuzz
