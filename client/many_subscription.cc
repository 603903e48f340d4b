#include "client/many_subscription.h"

#include <algorithm>
#include <atomic>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "client/connection.h"
#include "client/internal/backoff.h"
#include "client/internal/many_stream.h"
#include "client/internal/upstream_gap_notice.h"
#include "proto/errors.h"
#include "proto/event_wire.h"

namespace playhead {

class ManySubscription::Impl {
 public:
  using Handler = std::function<void(absl::string_view, const Event&)>;

  Impl(std::shared_ptr<internal::ManyStream> stream, std::string position, bool hand_out_upstream_gaps)
      : stream_(std::move(stream)), hand_out_upstream_gaps_(hand_out_upstream_gaps), position_(std::move(position)) {}

  absl::Status NextBatch(ManyBatch& batch, absl::Time deadline) {
    NoteHandled();
    if (!malformed_.ok()) return malformed_;
    for (;;) {
      if (closed_) return absl::CancelledError("the subscription was closed");
      if (!part_.events.empty()) {
        if (HandOut(batch)) return absl::OkStatus();
        continue;
      }
      if (!parts_.empty()) {
        if (absl::Status status = TakePart(); !status.ok()) return status;
        continue;
      }
      SharedBytes message;
      const absl::Status status = stream_->Take(deadline, position(), message);
      if (!status.ok()) return status;
      message_ = std::move(message);
      if (!message_.view.empty() && message_.view[0] == kEventsTag) {
        parts_ = message_.view;  // A part has the tag that an event has in other responses.
      } else if (absl::Status taken = TakeNotice(); !taken.ok()) {
        return taken;
      }
    }
  }

  void NoteHandled() {
    if (!handed_out_.empty()) SetPosition(std::exchange(handed_out_, {}));
  }

  absl::Status Run() {
    ManyBatch batch;
    for (;;) {
      if (absl::Status status = NextBatch(batch, absl::InfiniteFuture()); !status.ok()) {
        return absl::IsCancelled(status) ? absl::OkStatus() : status;
      }
      for (size_t i = 0; i < batch.events.size(); ++i) {
        if (closed_) {
          handed_out_.clear();  // The rest of the batch was not handled.
          return absl::OkStatus();
        }
        const Event event = batch.events.event(i);
        if (const auto found = on_type_.find(event.type()); found != on_type_.end()) {
          for (const Handler& handler : found->second) handler(batch.instance, event);
        }
        for (const Handler& handler : on_any_) handler(batch.instance, event);
      }
    }
  }

  void Close() {
    closed_ = true;
    stream_->Close();
  }

  std::string position() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return position_;
  }

  // Must not change once events were pulled.
  absl::flat_hash_map<std::string, std::vector<Handler>> on_type_;
  std::vector<Handler> on_any_;
  std::function<void()> on_caught_up_;
  std::function<void(absl::string_view, const v1::Gap&)> on_gap_;

 private:
  absl::Status TakePart() {
    const auto part = ConsumeEvent(parts_);
    std::string rest;
    v1::InstanceEvents fields;
    if (!part || !part_.events.Decode({message_.owner, *part}, rest) || !fields.ParseFromString(rest)) {
      return Malformed();
    }
    part_.instance = std::move(*fields.mutable_instance());
    part_.position = std::move(*fields.mutable_position());
    return absl::OkStatus();
  }

  // Hands out the part up to the next upstream gap, so that OnGap is called in order. False if the part had only the
  // gap left.
  bool HandOut(ManyBatch& batch) {
    EventBatch& events = part_.events;
    if (internal::IsUpstreamGap(events[0])) {
      const auto gap = internal::UpstreamGapNotice(events[0]);
      if (gap && on_gap_) on_gap_(part_.instance, *gap);
      if (!hand_out_upstream_gaps_) {
        events.DropFront();
        if (events.empty()) SetPosition(part_.position);
        return false;
      }
    }
    const auto gap = std::find_if(events.begin() + 1, events.end(), internal::IsUpstreamGap);
    batch.events = events.TakeFront(static_cast<size_t>(gap - events.begin()));
    batch.instance = part_.instance;
    // There is no position within a part: a reader that resumes in the middle of one gets its beginning again.
    batch.position = events.empty() ? part_.position : position();
    handed_out_ = batch.position;
    return true;
  }

  absl::Status TakeNotice() {
    v1::SubscribeManyResponse notice;
    if (!notice.ParseFromArray(message_.view.data(), static_cast<int>(message_.view.size()))) return Malformed();
    switch (notice.notice_case()) {
      case v1::SubscribeManyResponse::kStart:
        stream_->SetHeartbeatInterval(absl::Milliseconds(notice.start().heartbeat_interval_ms()));
        SetPosition(notice.start().position());
        break;
      case v1::SubscribeManyResponse::kCaughtUp:
        SetPosition(notice.caught_up().position());
        if (on_caught_up_) on_caught_up_();
        break;
      case v1::SubscribeManyResponse::kHeartbeat:
        SetPosition(notice.heartbeat().position());
        break;
      case v1::SubscribeManyResponse::kGap:
        if (on_gap_) on_gap_(notice.gap().instance(), notice.gap().gap());
        SetPosition(notice.gap().position());
        break;
      case v1::SubscribeManyResponse::NOTICE_NOT_SET:
        break;
    }
    return absl::OkStatus();
  }

  void SetPosition(std::string position) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    position_ = std::move(position);
  }

  // Terminal: later messages would skip what this one held.
  absl::Status Malformed() {
    stream_->Close();
    return malformed_ = MakeError(Reason::kDataLoss, "the broker sent a message that cannot be parsed");
  }

  const std::shared_ptr<internal::ManyStream> stream_;
  const bool hand_out_upstream_gaps_;  // As events too, after OnGap.
  SharedBytes message_;
  absl::string_view parts_;  // The parts of `message_` that were not taken yet.
  ManyBatch part_;           // The part taken last, without the events already handed out.
  std::string handed_out_;   // The position after what was handed out last, until it is handled.
  absl::Status malformed_;   // Not OK once the broker has sent a message that cannot be parsed.
  std::atomic<bool> closed_{false};
  mutable absl::Mutex mu_;
  std::string position_ ABSL_GUARDED_BY(mu_);
};

ManySubscription::ManySubscription(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
ManySubscription::~ManySubscription() {
  if (impl_ != nullptr) impl_->Close();
}
ManySubscription::ManySubscription(ManySubscription&&) noexcept = default;
ManySubscription& ManySubscription::operator=(ManySubscription&&) noexcept = default;

absl::StatusOr<ManySubscription> ManySubscription::Create(std::shared_ptr<Connection> connection,
                                                          const ClientOptions& client_options,
                                                          const ManySources& sources, SubscribeManyOptions options) {
  if (absl::Status status = internal::CheckBackoff(client_options.backoff); !status.ok()) return status;
  if (options.buffered_bytes_max == 0) return absl::InvalidArgumentError("buffered_bytes_max must be at least 1");
  v1::SubscribeManyRequest request;
  *request.mutable_instances() = sources.proto();
  if (!options.position.empty()) {
    request.set_after_position(options.position);
  } else if (options.start.has_beginning()) {
    request.mutable_beginning();
  } else if (options.start.has_now()) {
    request.mutable_now();
  } else if (options.start.position_case() == v1::Start::kTime) {
    request.set_time(options.start.time());
  } else {
    return absl::InvalidArgumentError("many instances are read from a position, the beginning, now or a time");
  }
  request.mutable_types()->Assign(options.types.begin(), options.types.end());
  const bool hand_out_upstream_gaps = internal::AskForUpstreamGaps(*request.mutable_types());
  request.set_id_prefix(options.id_prefix);
  request.set_allow_gap(options.allow_gap);
  auto stream = std::make_shared<internal::ManyStream>(std::move(connection), client_options, std::move(request),
                                                       options.buffered_bytes_max, std::move(options.on_reconnect));
  return ManySubscription(
      std::make_shared<Impl>(std::move(stream), std::move(options.position), hand_out_upstream_gaps));
}

absl::Status ManySubscription::NextBatch(ManyBatch& batch, absl::Time deadline) {
  return impl_->NextBatch(batch, deadline);
}

void ManySubscription::NoteHandled() { impl_->NoteHandled(); }

ManySubscription& ManySubscription::On(absl::string_view type,
                                       std::function<void(absl::string_view, const Event&)> handler) {
  auto& handlers = type == "*" ? impl_->on_any_ : impl_->on_type_[type];
  handlers.push_back(std::move(handler));
  return *this;
}

ManySubscription& ManySubscription::OnCaughtUp(std::function<void()> handler) {
  impl_->on_caught_up_ = std::move(handler);
  return *this;
}

ManySubscription& ManySubscription::OnGap(std::function<void(absl::string_view, const v1::Gap&)> handler) {
  impl_->on_gap_ = std::move(handler);
  return *this;
}

absl::Status ManySubscription::Run() { return impl_->Run(); }

void ManySubscription::Close() { impl_->Close(); }

std::string ManySubscription::position() const { return impl_->position(); }

}  // namespace playhead
