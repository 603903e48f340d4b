#include "client/consumer.h"

#include <algorithm>
#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "client/connection.h"
#include "client/internal/backoff.h"
#include "client/internal/consumer_core.h"
#include "client/internal/upstream_gap_notice.h"

namespace playhead {
namespace {

constexpr uint32_t kInFlightMax = 10'000;
constexpr absl::Duration kNackDelayMax = absl::Hours(12);

v1::Settlement AckAction() {
  v1::Settlement action;
  action.mutable_ack();
  return action;
}

absl::Status CheckOptions(absl::string_view name, const ConsumeOptions& options) {
  if (name.empty()) return absl::InvalidArgumentError("the consumer's name is empty");
  if (options.in_flight_max > kInFlightMax) return absl::InvalidArgumentError("in_flight_max is at most 10,000");
  if (options.buffered_bytes_max == 0) return absl::InvalidArgumentError("buffered_bytes_max must be at least 1");
  if (options.nack_delay < absl::ZeroDuration() || options.nack_delay > kNackDelayMax) {
    return absl::InvalidArgumentError("nack_delay must be between 0 and 12 hours");
  }
  if (options.extend_deadlines_max < absl::ZeroDuration() || options.close_timeout < absl::ZeroDuration()) {
    return absl::InvalidArgumentError("extend_deadlines_max and close_timeout must not be negative");
  }
  return absl::OkStatus();
}

}  // namespace

class Consumer::Impl {
 public:
  Impl(std::shared_ptr<internal::ConsumerCore> core, const ConsumeOptions& options)
      : core_(std::move(core)),
        auto_ack_(options.acknowledge == Acknowledge::kAfterHandling),
        nack_delay_(options.nack_delay),
        close_timeout_(options.close_timeout) {}

  ~Impl() {
    core_->StopTaking();
    if (!thread_.joinable()) core_->Finish(close_timeout_);
    WaitForClose().IgnoreError();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Next(absl::Time deadline) {
    AckHandled();
    if (absl::Status status = Fill(deadline); !status.ok()) return status;
    DeliveryBatch front = batch_.TakeFront(1);
    delivery_ = front.delivery(0);
    handled_ = std::move(front);
    return absl::OkStatus();
  }

  absl::Status NextBatch(DeliveryBatch& batch, absl::Time deadline) {
    if (thread_.joinable()) return RunsHandlers();
    AckHandled();
    if (absl::Status status = Fill(deadline); !status.ok()) return status;
    // Only up to the next upstream gap, so that OnGap is called in order.
    const auto gap = std::find_if(batch_.begin() + 1, batch_.end(), internal::IsUpstreamGap);
    batch = batch_.TakeFront(static_cast<size_t>(gap - batch_.begin()));
    handled_ = batch;
    return absl::OkStatus();
  }

  absl::Status NextPulled(absl::Time deadline) { return thread_.joinable() ? RunsHandlers() : Next(deadline); }

  void Start() {
    thread_ = std::thread([this] { RunHandlers(); });
  }

  absl::Status WaitForClose() {
    if (thread_.joinable()) {
      finished_.WaitForNotification();
    } else {
      awaited_ = true;
      if (!core_->taking()) core_->Finish(close_timeout_);
      core_->WaitForEnd();
    }
    return core_->status();
  }

  void Close() {
    core_->StopTaking();
    if (awaited_) core_->Finish(close_timeout_);  // WaitForClose was called before Close.
  }

  void Settle(const Delivery& delivery, const v1::Settlement& action, SettledCallback done) ABSL_LOCKS_EXCLUDED(mu_) {
    const uint64_t cursor = delivery.event().cursor();
    if (auto_ack_ && !action.has_in_progress()) {
      absl::MutexLock lock(&mu_);
      settled_by_hand_.push_back({delivery.source().instance, delivery.source().replay_id, cursor});
    }
    core_->Settle(delivery.source(), {&cursor, 1}, action, std::move(done));
  }

  void Ack(const DeliveryBatch& batch, SettledCallback done) {
    std::vector<uint64_t> cursors;
    cursors.reserve(batch.size());
    for (const EventView& event : batch) cursors.push_back(event.cursor);
    core_->Settle(batch.source(), cursors, AckAction(), std::move(done));
  }

  const std::shared_ptr<internal::ConsumerCore> core_;
  Delivery delivery_;  // Handed out last.

  // Must not change once the thread has started or an event was pulled.
  std::function<void(const v1::ConsumeResponse::Opened&)> on_open_;
  std::function<void()> on_caught_up_;
  std::function<void(const std::string&, const v1::Gap&)> on_gap_;
  absl::flat_hash_map<std::string, std::vector<std::function<absl::Status(const Delivery&)>>> on_type_;
  std::vector<std::function<absl::Status(const Delivery&)>> on_any_;
  std::function<void(const absl::Status&)> on_error_;
  std::function<void(const absl::Status&)> on_close_;

 private:
  // An event among all that the consumer gets.
  struct EventKey {
    std::string instance;
    std::string replay_id;  // Empty unless a replay sent it.
    uint64_t cursor;
  };

  static absl::Status RunsHandlers() {
    return absl::FailedPreconditionError("the consumer runs handlers: nothing can be pulled");
  }

  // Acknowledges what was handed out last, except for events that the program has settled itself: those may have been
  // redelivered since, and this must not acknowledge the redelivery.
  void AckHandled() ABSL_LOCKS_EXCLUDED(mu_) {
    core_->NoteProgress();
    if (!auto_ack_) return;
    const DeliveryBatch handled = std::exchange(handled_, {});
    std::vector<EventKey> settled;
    {
      absl::MutexLock lock(&mu_);
      settled.swap(settled_by_hand_);
    }
    if (handled.empty()) return;
    std::vector<uint64_t> by_hand;
    for (const EventKey& key : settled) {
      const DeliverySource& source = handled.source();
      if (key.instance == source.instance && key.replay_id == source.replay_id) by_hand.push_back(key.cursor);
    }
    std::vector<uint64_t> cursors;
    cursors.reserve(handled.size());
    for (const EventView& event : handled) {
      if (std::find(by_hand.begin(), by_hand.end(), event.cursor) == by_hand.end()) cursors.push_back(event.cursor);
    }
    core_->Settle(handled.source(), cursors, AckAction(), nullptr);
  }

  // Waits until batch_ holds an event that may be handed out.
  absl::Status Fill(absl::Time deadline) {
    while (true) {
      // From a stream that has ended: the broker redelivers it.
      if (!batch_.empty() && batch_.source().stream != core_->stream()) {
        core_->GiveBack(batch_.size());
        batch_ = {};
      }
      if (!core_->taking() || batch_.empty()) {
        internal::ReceivedDeliveries received;
        if (absl::Status status = core_->Take(deadline, received); !status.ok()) return status;
        batch_ = std::move(received.batch);
        if (batch_.empty()) {
          Tell(received.notice);
          continue;
        }
      }
      if (const auto gap = internal::UpstreamGapNotice(batch_[0]); gap.has_value() && on_gap_) {
        on_gap_(batch_.instance(), *gap);
      }
      return absl::OkStatus();
    }
  }

  void Tell(const v1::ConsumeResponse& notice) {
    if (notice.has_opened() && on_open_) on_open_(notice.opened());
    if (notice.has_caught_up() && on_caught_up_) on_caught_up_();
    if (notice.has_gap() && on_gap_) on_gap_(notice.instance(), notice.gap());
  }

  absl::Status Handle() {
    const auto found = on_type_.find(delivery_.event().type());
    if (found != on_type_.end()) {
      for (const auto& handler : found->second) {
        if (absl::Status status = handler(delivery_); !status.ok()) return status;
      }
    }
    for (const auto& handler : on_any_) {
      if (absl::Status status = handler(delivery_); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  void RunHandlers() {
    while (Next(absl::InfiniteFuture()).ok()) {
      const absl::Status handled = Handle();
      if (handled.ok() || !auto_ack_) continue;
      handled_ = {};
      v1::Settlement action;
      action.mutable_nack()->set_delay_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(nack_delay_)));
      action.mutable_nack()->set_reason(std::string(handled.message()));
      Settle(delivery_, action, nullptr);
    }
    // Next() has acknowledged the last event that was handled.
    core_->Finish(close_timeout_);
    core_->WaitForEnd();
    const absl::Status status = core_->status();
    if (!status.ok() && on_error_) on_error_(status);
    if (on_close_) on_close_(status);
    finished_.Notify();
  }

  const bool auto_ack_;
  const absl::Duration nack_delay_;
  const absl::Duration close_timeout_;

  DeliveryBatch batch_;    // Received, not yet handed out.
  DeliveryBatch handled_;  // Handed out last.

  absl::Mutex mu_;
  std::vector<EventKey> settled_by_hand_ ABSL_GUARDED_BY(mu_);  // Since the last AckHandled.

  std::atomic<bool> awaited_{false};
  std::thread thread_;  // Runs handlers; not joinable without Start().
  absl::Notification finished_;
};

Consumer::Consumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Consumer::~Consumer() = default;
Consumer::Consumer(Consumer&&) noexcept = default;
Consumer& Consumer::operator=(Consumer&&) noexcept = default;

absl::StatusOr<Consumer> Consumer::Create(std::shared_ptr<Connection> connection, const ClientOptions& client_options,
                                          absl::string_view name, ConsumeOptions options) {
  if (absl::Status status = CheckOptions(name, options); !status.ok()) return status;
  if (absl::Status status = internal::CheckBackoff(client_options.backoff); !status.ok()) return status;
  v1::ConsumeRequest::Open open;
  open.set_consumer(std::string(name));
  open.set_take_over(options.take_over);
  open.set_in_flight_max(options.in_flight_max);
  open.set_manual_credit(options.events_max != 0);
  if (options.create.has_value()) {
    *open.mutable_create() = *options.create;
    open.mutable_create()->mutable_config()->set_name(std::string(name));
  }
  auto core = std::make_shared<internal::ConsumerCore>(std::move(connection), client_options, std::move(open), options);
  auto impl = std::make_unique<Impl>(core, options);
  core->Begin();
  return Consumer(std::move(impl));
}

absl::StatusOr<Delivery> Consumer::Next(absl::Time deadline) {
  if (absl::Status status = impl_->NextPulled(deadline); !status.ok()) return status;
  return impl_->delivery_;
}

absl::Status Consumer::NextBatch(DeliveryBatch& batch, absl::Time deadline) {
  return impl_->NextBatch(batch, deadline);
}

void Consumer::Ack(const Delivery& delivery, SettledCallback done) {
  impl_->Settle(delivery, AckAction(), std::move(done));
}

void Consumer::Ack(const DeliveryBatch& batch, SettledCallback done) { impl_->Ack(batch, std::move(done)); }

void Consumer::AckUpTo(const Delivery& delivery, SettledCallback done) {
  impl_->core_->SettleUpTo(delivery.source(), delivery.event().cursor(), AckAction(), std::move(done));
}

void Consumer::Nack(const Delivery& delivery, absl::Duration delay, absl::string_view reason, SettledCallback done) {
  v1::Settlement action;
  const absl::Duration bounded = std::clamp(delay, absl::ZeroDuration(), kNackDelayMax);
  action.mutable_nack()->set_delay_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(bounded)));
  action.mutable_nack()->set_reason(std::string(reason));
  impl_->Settle(delivery, action, std::move(done));
}

void Consumer::Park(const Delivery& delivery, absl::string_view reason, SettledCallback done) {
  v1::Settlement action;
  action.mutable_park()->set_reason(std::string(reason));
  impl_->Settle(delivery, action, std::move(done));
}

void Consumer::InProgress(const Delivery& delivery) {
  v1::Settlement action;
  action.mutable_in_progress();
  impl_->Settle(delivery, action, nullptr);
}

absl::Status Consumer::Flush(absl::Time deadline) { return impl_->core_->Flush(deadline); }

Consumer& Consumer::OnOpen(std::function<void(const v1::ConsumeResponse::Opened&)> handler) {
  impl_->on_open_ = std::move(handler);
  return *this;
}

Consumer& Consumer::OnCaughtUp(std::function<void()> handler) {
  impl_->on_caught_up_ = std::move(handler);
  return *this;
}

Consumer& Consumer::OnGap(std::function<void(const std::string& instance, const v1::Gap&)> handler) {
  impl_->on_gap_ = std::move(handler);
  return *this;
}

Consumer& Consumer::On(absl::string_view type, std::function<absl::Status(const Delivery&)> handler) {
  auto& handlers = type == "*" ? impl_->on_any_ : impl_->on_type_[type];
  handlers.push_back(std::move(handler));
  return *this;
}

Consumer& Consumer::OnError(std::function<void(const absl::Status&)> handler) {
  impl_->on_error_ = std::move(handler);
  return *this;
}

Consumer& Consumer::OnClose(std::function<void(const absl::Status&)> handler) {
  impl_->on_close_ = std::move(handler);
  return *this;
}

void Consumer::Start() { impl_->Start(); }

absl::Status Consumer::WaitForOpen(absl::Time deadline) { return impl_->core_->WaitForOpen(deadline); }
void Consumer::Close() { impl_->Close(); }
absl::Status Consumer::WaitForClose() { return impl_->WaitForClose(); }
absl::Status Consumer::status() const { return impl_->core_->status(); }

}  // namespace playhead
