#include "client/subscriber.h"

#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/notification.h"
#include "client/connection.h"
#include "client/internal/backoff.h"
#include "client/internal/event_check.h"
#include "client/internal/event_walker.h"
#include "client/internal/subscription_core.h"
#include "client/internal/upstream_gap_notice.h"

namespace playhead {
class Subscription::Impl {
 public:
  Impl(std::shared_ptr<internal::SubscriptionCore> core, internal::CursorSaver saver, bool hand_out_upstream_gaps)
      : core_(std::move(core)), walker_(core_, std::move(saver), hand_out_upstream_gaps) {}

  ~Impl() {
    core_->Close();
    if (thread_.joinable()) {
      thread_.join();
    } else {
      // Saves the position even if the policy would wait. SavePosition() is for callers that need the status.
      walker_.Save().IgnoreError();
    }
    core_->WaitForEnd();  // Waits for running callbacks too.
  }

  absl::Status Next(absl::Time deadline) {
    return thread_.joinable() ? absl::FailedPreconditionError("the subscription runs handlers: nothing can be pulled")
                              : walker_.Next(deadline, event_);
  }

  void Start() {
    thread_ = std::thread([this] { RunHandlers(); });
  }

  absl::Status WaitForClose() {
    if (thread_.joinable()) {
      finished_.WaitForNotification();
    } else {
      core_->WaitForEnd();
    }
    return core_->status();
  }

  const std::shared_ptr<internal::SubscriptionCore> core_;
  internal::EventWalker walker_;
  Event event_;  // Handed out last.

  // Handlers. Must not change once the thread has started.
  absl::flat_hash_map<std::string, std::vector<std::function<void(const Event&)>>> on_type_;
  std::vector<std::function<void(const Event&)>> on_any_;
  std::function<void(const absl::Status&)> on_error_;
  std::function<void(const absl::Status&)> on_close_;

 private:
  void RunHandlers() {
    while (walker_.Next(absl::InfiniteFuture(), event_).ok()) {
      const auto found = on_type_.find(event_.type());
      if (found != on_type_.end()) {
        for (const auto& handler : found->second) handler(event_);
      }
      for (const auto& handler : on_any_) handler(event_);
    }
    // Next() has moved the position; it fails only once the subscription has ended.
    walker_.Save().IgnoreError();
    const absl::Status status = core_->status();
    if (!status.ok() && on_error_) on_error_(status);
    if (on_close_) on_close_(status);
    finished_.Notify();
  }

  std::thread thread_;  // Runs handlers; not joinable without Start().
  absl::Notification finished_;
};

Subscription::Subscription(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Subscription::~Subscription() = default;
Subscription::Subscription(Subscription&&) noexcept = default;
Subscription& Subscription::operator=(Subscription&&) noexcept = default;

absl::StatusOr<Subscription> Subscription::Create(std::shared_ptr<Connection> connection,
                                                  const ClientOptions& client_options, absl::string_view instance,
                                                  playhead::Start start, SubscribeOptions options) {
  if (absl::Status status = internal::CheckInstanceName(instance); !status.ok()) return status;
  if (absl::Status status = internal::CheckBackoff(client_options.backoff); !status.ok()) return status;
  if (options.buffered_bytes_max == 0) return absl::InvalidArgumentError("buffered_bytes_max must be at least 1");
  if (options.cursor_saving.interval <= absl::ZeroDuration()) {
    return absl::InvalidArgumentError("cursor_saving.interval must be positive");
  }
  std::optional<uint64_t> saved;
  if (options.cursor_store != nullptr) {
    const absl::StatusOr<std::optional<uint64_t>> loaded = options.cursor_store->Load(instance);
    if (!loaded.ok()) return loaded.status();
    saved = *loaded;
    if (saved) start = playhead::Start::After(*saved);
  }
  v1::SubscribeRequest request;
  request.set_instance(std::string(instance));
  *request.mutable_start() = start.proto();
  request.mutable_types()->Assign(options.types.begin(), options.types.end());
  const bool hand_out_upstream_gaps = internal::AskForUpstreamGaps(*request.mutable_types());
  request.set_id_prefix(options.id_prefix);
  request.set_allow_gap(options.allow_gap);
  auto core = std::make_shared<internal::SubscriptionCore>(std::move(connection), client_options, std::move(request),
                                                           options.buffered_bytes_max, std::move(options.on_reconnect));
  internal::CursorSaver saver(std::move(options.cursor_store), std::string(instance), options.cursor_saving,
                              client_options.timers, saved);
  auto impl = std::make_unique<Impl>(core, std::move(saver), hand_out_upstream_gaps);
  core->Begin();
  return Subscription(std::move(impl));
}

absl::StatusOr<Event> Subscription::Next(absl::Time deadline) {
  if (absl::Status status = impl_->Next(deadline); !status.ok()) return status;
  return impl_->event_;
}

absl::Status Subscription::NextBatch(EventBatch& batch, absl::Time deadline) {
  return impl_->walker_.NextBatch(deadline, batch);
}

absl::Status Subscription::SavePosition() {
  if (absl::Status status = impl_->walker_.NoteHandled(); !status.ok()) return status;
  return impl_->walker_.Save();
}

Subscription::iterator& Subscription::iterator::operator++() {
  event_ = subscription_->impl_->Next(absl::InfiniteFuture()).ok() ? &subscription_->impl_->event_ : nullptr;
  return *this;
}

Subscription& Subscription::OnOpen(std::function<void(const v1::SubscribeResponse::Started&)> handler) {
  impl_->walker_.handlers().on_open = std::move(handler);
  return *this;
}

Subscription& Subscription::OnCaughtUp(std::function<void(uint64_t cursor)> handler) {
  impl_->walker_.handlers().on_caught_up = std::move(handler);
  return *this;
}

Subscription& Subscription::OnGap(std::function<void(const v1::Gap&)> handler) {
  impl_->walker_.handlers().on_gap = std::move(handler);
  return *this;
}

Subscription& Subscription::On(absl::string_view type, std::function<void(const Event&)> handler) {
  auto& handlers = type == "*" ? impl_->on_any_ : impl_->on_type_[type];
  handlers.push_back(std::move(handler));
  return *this;
}

Subscription& Subscription::OnError(std::function<void(const absl::Status&)> handler) {
  impl_->on_error_ = std::move(handler);
  return *this;
}

Subscription& Subscription::OnClose(std::function<void(const absl::Status&)> handler) {
  impl_->on_close_ = std::move(handler);
  return *this;
}

void Subscription::Start() { impl_->Start(); }

absl::Status Subscription::WaitForOpen(absl::Time deadline) { return impl_->core_->WaitForOpen(deadline); }

void Subscription::Close() { impl_->core_->Close(); }

absl::Status Subscription::WaitForClose() { return impl_->WaitForClose(); }

absl::Status Subscription::status() const { return impl_->core_->status(); }
uint64_t Subscription::position() const { return impl_->core_->position(); }
uint64_t Subscription::head_cursor() const { return impl_->core_->head_cursor(); }
uint64_t Subscription::missed_events() const { return impl_->walker_.missed_events(); }

}  // namespace playhead
