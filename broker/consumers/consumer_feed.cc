#include "broker/consumers/consumer_feed.h"

#include <utility>

#include "broker/read/many_subscription.h"
#include "broker/read/subscription.h"
#include "storage/instance_selector.h"

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
    // The subscription outlives its callback.
    return subscription_->Next([instance = instance_, subscription = subscription_.get(),
                                callback = std::move(callback)](Delivery delivery) mutable {
      FeedDelivery fed = std::visit([&](auto& what) { return Translate(instance, what); }, delivery);
      if (auto* const events = std::get_if<FeedEvents>(&fed)) events->grant = subscription->TakeOver(events->bytes);
      std::move(callback)(std::move(fed));
    });
  }

  void Cancel() override { subscription_->Cancel(); }

 private:
  using InstancePtr = std::shared_ptr<storage::Instance>;

  static FeedDelivery Translate(const InstancePtr&, Started& started) { return FeedProgress{At(started.cursor)}; }
  static FeedDelivery Translate(const InstancePtr& instance, Events& events) {
    return FeedEvents{instance,    std::move(events.slices), events.bytes, events.event_count,
                      events.last, At(events.last)};
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

class SourceSelector final : public storage::InstanceSelector {
 public:
  explicit SourceSelector(ConsumerSource source) : source_(std::move(source)) {}
  bool Selects(absl::string_view name) const override { return source_.Covers(name); }

 private:
  const ConsumerSource source_;
};

class ManyFeed final : public ConsumerFeed {
 public:
  explicit ManyFeed(std::shared_ptr<ManySubscription> subscription) : subscription_(std::move(subscription)) {}

  bool Next(NextCallback callback) override {
    return subscription_->Next(
        [subscription = subscription_.get(), callback = std::move(callback)](ManyDelivery delivery) mutable {
          FeedDelivery fed = std::visit([](auto& what) { return Translate(what); }, delivery);
          if (auto* const events = std::get_if<FeedEvents>(&fed)) events->grant = subscription->TakeOver(events->bytes);
          std::move(callback)(std::move(fed));
        });
  }

  void Cancel() override { subscription_->Cancel(); }

 private:
  static FeedDelivery Translate(ManyStarted& started) { return FeedProgress{started.position}; }
  static FeedDelivery Translate(ManyEvents& events) {
    return FeedEvents{std::move(events.instance),
                      std::move(events.slices),
                      events.bytes,
                      events.event_count,
                      events.last,
                      events.position};
  }
  static FeedDelivery Translate(ManyCaughtUp& caught_up) { return FeedProgress{caught_up.position, true}; }
  static FeedDelivery Translate(ManyHeartbeat& heartbeat) { return FeedProgress{heartbeat.position}; }
  static FeedDelivery Translate(ManyGap& gap) {
    return FeedGap{std::move(gap.instance), Gap{gap.after, gap.last, gap.event_count}, gap.position};
  }
  static FeedDelivery Translate(Closed& closed) { return std::move(closed); }

  const std::shared_ptr<ManySubscription> subscription_;
};

}  // namespace

std::shared_ptr<ConsumerFeed> StartManyFeed(const Core& core, const ConsumerSource& source, const FeedPosition& after,
                                            std::shared_ptr<const storage::EventFilter> filter, bool allow_gap) {
  ManySubscriptionRequest request;
  request.instances = std::make_shared<SourceSelector>(source);
  if (after == FeedPosition()) {
    request.start = FromBeginning{};
  } else {
    request.start = AfterPosition{after};
  }
  request.filter = std::move(filter);
  request.allow_gap = allow_gap;
  return std::make_shared<ManyFeed>(ManySubscription::Start(core, std::move(request)));
}

std::shared_ptr<ConsumerFeed> StartInstanceFeed(const Core& core, std::shared_ptr<storage::Instance> instance,
                                                storage::Cursor after,
                                                std::shared_ptr<const storage::EventFilter> filter, bool allow_gap) {
  SubscriptionRequest request;
  request.opened = instance;
  request.start = AfterCursor{after};
  request.filter = std::move(filter);
  request.allow_gap = allow_gap;
  auto subscription = Subscription::Start(core, std::move(request));
  return std::make_shared<InstanceFeed>(std::move(instance), std::move(subscription));
}

}  // namespace playhead::broker
