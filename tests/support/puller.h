// Takes deliveries from a subscription as a protocol does.
#ifndef PLAYHEAD_TESTS_SUPPORT_PULLER_H_
#define PLAYHEAD_TESTS_SUPPORT_PULLER_H_

#include <cstdint>
#include <future>
#include <memory>
#include <utility>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "broker/read/delivery.h"
#include "broker/read/subscription.h"
#include "proto/event_wire.h"
#include "tests/support/batches.h"

namespace playhead::testing {

// Takes one delivery at a time, on the test's thread. Its destructor cancels the subscription.
class Puller {
 public:
  Puller(const broker::Core& core, broker::SubscriptionRequest request)
      : subscription_(broker::Subscription::Start(core, std::move(request))) {}
  ~Puller() { subscription_->Cancel(); }

  broker::Subscription& subscription() { return *subscription_; }

  // Asks for the next delivery: Closed with Cancelled if the subscription was cancelled.
  std::future<broker::Delivery> Ask() {
    auto promise = std::make_shared<std::promise<broker::Delivery>>();
    auto future = promise->get_future();
    const bool asked =
        subscription_->Next([promise](broker::Delivery delivery) { promise->set_value(std::move(delivery)); });
    if (!asked) promise->set_value(broker::Closed{absl::CancelledError("cancelled")});
    return future;
  }

  broker::Delivery Next() { return Ask().get(); }

  // The next delivery that is not a heartbeat.
  broker::Delivery NextThatMatters() {
    for (;;) {
      broker::Delivery delivery = Next();
      if (!std::holds_alternative<broker::Heartbeat>(delivery)) return delivery;
    }
  }

  // Takes deliveries until `count` events or Closed came. Returns the sequences of the events' cursors.
  std::vector<uint64_t> TakeSequences(size_t count) {
    std::vector<uint64_t> sequences;
    while (sequences.size() < count) {
      const broker::Delivery delivery = Next();
      if (std::holds_alternative<broker::Closed>(delivery)) break;
      const auto* const events = std::get_if<broker::Events>(&delivery);
      if (events == nullptr) continue;
      for (const EventView& event : EventsIn(events->slices)) {
        sequences.push_back(storage::Cursor(event.cursor).sequence());
      }
    }
    return sequences;
  }

 private:
  const std::shared_ptr<broker::Subscription> subscription_;
};

// first, first + 1, ..., last.
inline std::vector<uint64_t> Range(uint64_t first, uint64_t last) {
  std::vector<uint64_t> out;
  for (uint64_t i = first; i <= last; ++i) out.push_back(i);
  return out;
}

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_PULLER_H_
