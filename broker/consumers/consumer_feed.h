// ConsumerFeed: the events that a consumer, of one instance or of many, reads from the log for the first time.
#ifndef PLAYHEAD_BROKER_CONSUMERS_CONSUMER_FEED_H_
#define PLAYHEAD_BROKER_CONSUMERS_CONSUMER_FEED_H_

#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "broker/byte_budget.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/feed_position.h"
#include "broker/core.h"
#include "broker/read/delivery.h"
#include "broker/read/start_position.h"
#include "storage/block.h"
#include "storage/event_filter.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Events of one instance, in order. The code that takes them is responsible for their memory: `grant` is their part of
// the budget, beyond DeliveryMemory's free part.
struct FeedEvents {
  std::shared_ptr<storage::Instance> instance;
  std::vector<storage::BlockSlice> slices;
  size_t bytes = 0;
  uint32_t event_count = 0;
  storage::Cursor last;  // Everything of the instance up to here is included or filtered out.
  FeedPosition to;       // Everything up to here was handed over or filtered out.
  ByteBudget::Grant grant;
};

// There is nothing for the consumer up to here; and whether this is the end of the log.
struct FeedProgress {
  FeedPosition to;
  bool caught_up = false;
};

// Events that can no longer be read.
struct FeedGap {
  std::shared_ptr<storage::Instance> instance;  // nullptr if the instance is unknown; the count is then unknown, too.
  Gap gap;
  FeedPosition to;
};

using FeedDelivery = std::variant<FeedEvents, FeedProgress, FeedGap, Closed>;

// Thread safety: all methods may be called from any thread.   Blocking: none.   Ownership: keeps itself alive until it
// is cancelled or has delivered Closed.
class ConsumerFeed {
 public:
  using NextCallback = absl::AnyInvocable<void(FeedDelivery) &&>;

  virtual ~ConsumerFeed() = default;
  // As Subscription::Next.
  [[nodiscard]] virtual bool Next(NextCallback callback) = 0;
  // As Subscription::Cancel.
  virtual void Cancel() = 0;
};

// The feed of a consumer of one instance.
std::shared_ptr<ConsumerFeed> StartInstanceFeed(const Core& core, std::shared_ptr<storage::Instance> instance,
                                                storage::Cursor after,
                                                std::shared_ptr<const storage::EventFilter> filter, bool allow_gap);

// The feed of a consumer of many instances: all that `source` covers, in the order of the store. If the position is
// before everything, it starts at the first kept events.
std::shared_ptr<ConsumerFeed> StartManyFeed(const Core& core, const ConsumerSource& source, const FeedPosition& after,
                                            std::shared_ptr<const storage::EventFilter> filter, bool allow_gap);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_FEED_H_
