#include "broker/grpc/settle_request.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

using storage::Cursor;

absl::Status Invalid(absl::string_view message) { return MakeError(Reason::kSettlementInvalid, message); }

// The action of `settlement`, for each of its events. REQUIRES: it has an action.
Settlement ToAction(const v1::Settlement& settlement, storage::InstanceNumber instance) {
  Settlement out;
  out.instance = instance;
  out.replay_id = settlement.replay_id();
  switch (settlement.action_case()) {
    case v1::Settlement::kNack:
      out.action = Settlement::Action::kNack;
      out.delay = absl::Milliseconds(settlement.nack().delay_ms());
      out.reason = settlement.nack().reason();
      break;
    case v1::Settlement::kPark:
      out.action = Settlement::Action::kPark;
      out.reason = settlement.park().reason();
      break;
    case v1::Settlement::kInProgress:
      out.action = Settlement::Action::kInProgress;
      break;
    case v1::Settlement::kAck:
    case v1::Settlement::ACTION_NOT_SET:
      break;
  }
  return out;
}

absl::Status CheckNamesEvents(const v1::Settlement& settlement) {
  if (settlement.action_case() == v1::Settlement::ACTION_NOT_SET) {
    return Invalid("a settlement needs an action: `ack`, `nack`, `park` or `in_progress`");
  }
  if (settlement.cursors().empty() && settlement.up_to_cursor() == 0) {
    return Invalid("a settlement names events: `cursors`, or `up_to_cursor`, or both");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSettle(const v1::ConsumeRequest::Settle& request) {
  if (request.settlements().empty() || request.settlements_size() > kSettlementsMax) {
    return Invalid(absl::StrCat("a request settles with 1 to ", kSettlementsMax, " settlements; it has ",
                                request.settlements_size()));
  }
  int cursors = 0;
  for (const v1::Settlement& settlement : request.settlements()) cursors += settlement.cursors_size();
  if (cursors <= kSettleCursorsMax) return absl::OkStatus();
  return Invalid(absl::StrCat("a request names up to ", kSettleCursorsMax, " cursors; it names ", cursors));
}

SettleRequest::SettleRequest(const v1::ConsumeRequest::Settle& request, FindInstance find) {
  uint32_t index = 0;
  for (const v1::Settlement& settlement : request.settlements()) {
    const std::optional<storage::InstanceNumber> instance = find(settlement.instance());
    if (absl::Status status = CheckNamesEvents(settlement); !status.ok()) {
      Refuse({index, 0}, status);
    } else if (!instance.has_value()) {
      Refuse({index, 0}, MakeError(Reason::kNotHeld, absl::StrCat("this stream holds nothing of an instance \"",
                                                                  settlement.instance(), "\"")));
    } else {
      Add(settlement, index, *instance);
    }
    ++index;
  }
}

void SettleRequest::Add(const v1::Settlement& settlement, uint32_t index, storage::InstanceNumber instance) {
  const Settlement action = ToAction(settlement, instance);
  const auto add = [&](Cursor first, Cursor last, uint64_t cursor) {
    items_.push_back(action);
    items_.back().first = first;
    items_.back().last = last;
    origins_.push_back({index, cursor});
  };
  for (const uint64_t cursor : settlement.cursors()) add(Cursor(cursor), Cursor(cursor), cursor);
  if (settlement.up_to_cursor() != 0) add(Cursor(), Cursor(settlement.up_to_cursor()), 0);
}

v1::ConsumeResponse::Refused SettleRequest::TakeRefused(absl::Span<const RefusedSettlement> refused) {
  for (const RefusedSettlement& item : refused) Refuse(origins_[item.index], item.status);
  return std::move(refused_);
}

void SettleRequest::Refuse(Origin origin, const absl::Status& status) {
  // Events of a settlement that are refused for the same reason share an entry.
  const v1::Error error = ToProto(status);
  if (origin.cursor != 0 && refused_.items_size() > 0) {
    v1::ConsumeResponse::Refused::Item& last = *refused_.mutable_items()->rbegin();
    if (last.index() == origin.settlement && !last.cursors().empty() && last.error().code() == error.code()) {
      last.add_cursors(origin.cursor);
      return;
    }
  }
  v1::ConsumeResponse::Refused::Item& item = *refused_.add_items();
  item.set_index(origin.settlement);
  if (origin.cursor != 0) item.add_cursors(origin.cursor);
  *item.mutable_error() = error;
}

}  // namespace playhead::broker
