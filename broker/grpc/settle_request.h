// Converts a Settle of a Consume stream to the broker's types, and its refused settlements back.
#ifndef PLAYHEAD_BROKER_GRPC_SETTLE_REQUEST_H_
#define PLAYHEAD_BROKER_GRPC_SETTLE_REQUEST_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/types/span.h"
#include "broker/consumers/holder.h"
#include "playhead/v1/consumers.pb.h"
#include "storage/types.h"

namespace playhead::broker {

// The limits of one Settle.
inline constexpr int kSettlementsMax = 1'000;
inline constexpr int kSettleCursorsMax = 10'000;

// Ok, or InvalidArgument (SETTLEMENT_INVALID): too many settlements or cursors, or none.
absl::Status CheckSettle(const v1::ConsumeRequest::Settle& request);

// The settlements of one Settle, for ConsumerHolder::Settle.
class SettleRequest {
 public:
  // Returns the number of the instance with that name; the name may be empty. nullopt if there is none.
  using FindInstance = absl::FunctionRef<std::optional<storage::InstanceNumber>(const std::string&)>;

  // REQUIRES: CheckSettle returned Ok. Refuses settlements without an action or an event, and those of an instance that
  // is not found.
  SettleRequest(const v1::ConsumeRequest::Settle& request, FindInstance find);

  // One item for each named event, so that each can be refused by itself, and one for each `up_to_cursor`.
  std::vector<Settlement> TakeItems() { return std::move(items_); }

  // Returns everything that is refused, including the items in `refused`.
  v1::ConsumeResponse::Refused TakeRefused(absl::Span<const RefusedSettlement> refused);

 private:
  // The part of the request that an item comes from.
  struct Origin {
    uint32_t settlement;
    uint64_t cursor;  // 0 for `up_to_cursor`.
  };

  void Add(const v1::Settlement& settlement, uint32_t index, storage::InstanceNumber instance);
  void Refuse(Origin origin, const absl::Status& status);

  std::vector<Settlement> items_;
  std::vector<Origin> origins_;  // For each item.
  v1::ConsumeResponse::Refused refused_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_SETTLE_REQUEST_H_
