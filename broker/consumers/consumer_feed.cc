#include "broker/consumers/consumer_feed.h"

#include <utility>

#include "broker/subscription.h"

namespace playhead::broker {
namespace {

FeedPosition At(storage::Cursor cursor) {
  FeedPosition position;
  position.cursor = cursor;
  return position;
}

class InstanceFeed final : public ConsumerFeed {
 public:
  InstanceFeed(std::shared_ptr<storage::Instance> instance, std::shared_ptr<Subscription> subscription)
      : instance_(std::move(instance)), subscription_(std::move(subscription)) {}

  bool Next(NextCallback callback) override {
    return subscription_->Next([instance = instance_, callback = std::move(callback)](Delivery delivery) mutable {
      std::move(callback)(std::visit([&](auto& what) { return Translate(instance, what); }, delivery));
    });
  }

  void Cancel() override { subscription_->Cancel(); }

 private:
  using InstancePtr = std::shared_ptr<storage::Instance>;

  static FeedDelivery Translate(const InstancePtr&, Started& started) { return FeedProgress{At(started.cursor)}; }
  static FeedDelivery Translate(const InstancePtr& instance, Events& events) {
    return FeedEvents{instance, std::move(events.slices), events.event_count, events.last, At(events.last)};
  }
  static FeedDelivery Translate(const InstancePtr&, CaughtUp& caught_up) {
    return FeedProgress{At(caught_up.cursor), true};
  }
  static FeedDelivery Translate(const InstancePtr&, Heartbeat& heartbeat) { return FeedProgress{At(heartbeat.cursor)}; }
  static FeedDelivery Translate(const InstancePtr& instance, Gap& gap) { return FeedGap{instance, gap, At(gap.last)}; }
  static FeedDelivery Translate(const InstancePtr&, Closed& closed) { return std::move(closed); }

  const InstancePtr instance_;
  const std::shared_ptr<Subscription> subscription_;
};

}  // namespace

std::shared_ptr<ConsumerFeed> StartInstanceFeed(const Core& core, std::shared_ptr<storage::Instance> instance,
                                                storage::Cursor after,
                                                std::shared_ptr<const storage::EventFilter> filter, bool allow_gap) {
  SubscriptionRequest request;
  request.instance = instance->name();
  request.start = AfterCursor{after};
  request.filter = std::move(filter);
  request.allow_gap = allow_gap;
  auto subscription = Subscription::Start(core, std::move(request));
  return std::make_shared<InstanceFeed>(std::move(instance), std::move(subscription));
}

}  // namespace playhead::broker
