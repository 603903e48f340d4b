// A Settle of a Consume stream in the broker's own terms, and what of it was refused in the client's.
#ifndef PLAYHEAD_BROKER_GRPC_SETTLE_REQUEST_H_
#define PLAYHEAD_BROKER_GRPC_SETTLE_REQUEST_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/consumers/holder.h"
#include "playhead/v1/consumers.pb.h"
#include "storage/types.h"

namespace playhead::broker {

// Of one Settle.
inline constexpr int kSettlementsMax = 1'000;
inline constexpr int kSettleCursorsMax = 10'000;

// Ok, or InvalidArgument (SETTLEMENT_INVALID): too many settlements or cursors, or none.
absl::Status CheckSettle(const v1::ConsumeRequest::Settle& request);

// What to ask of a holder for one Settle.
class SettleRequest {
 public:
  // The number of the instance of that name, the empty one included; nullopt if there is none.
  using FindInstance = absl::FunctionRef<std::optional<storage::InstanceNumber>(const std::string&)>;

  // REQUIRES: CheckSettle was Ok. A settlement without an action or an event, or of an instance that is not found, is
  // refused right here.
  SettleRequest(const v1::ConsumeRequest::Settle& request, FindInstance find);

  // One for each event that is named, so that each is refused by itself; one for each `up_to_cursor`.
  std::vector<Settlement> TakeItems() { return std::move(items_); }

  // All that is refused, `refused` of the items included.
  v1::ConsumeResponse::Refused TakeRefused(absl::Span<const RefusedSettlement> refused);

 private:
  // Where an item comes from.
  struct Origin {
    uint32_t settlement;
    uint64_t cursor;  // 0 for `up_to_cursor`.
  };

  void Add(const v1::Settlement& settlement, uint32_t index, storage::InstanceNumber instance);
  void Refuse(Origin origin, const absl::Status& status);

  std::vector<Settlement> items_;
  std::vector<Origin> origins_;  // Of each item.
  v1::ConsumeResponse::Refused refused_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_SETTLE_REQUEST_H_
