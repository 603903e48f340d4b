#include "broker/dialects/multiwa/profile_stream.h"

#include <utility>
#include <variant>

#include "absl/time/time.h"

namespace playhead::broker::multiwa {

using model::Position;
using storage::Cursor;

std::shared_ptr<ProfileStream> ProfileStream::Start(const Dialect& dialect, StreamOwner& owner, Source source,
                                                    OpenedProfile opened, const ProfileStream* before) {
  SubscriptionRequest request;
  request.opened = opened.instance;
  request.start = AfterCursor{opened.resume.after};
  request.allow_gap = true;  // The client has no error for missing history.
  std::shared_ptr<ProfileStream> stream(
      new ProfileStream(dialect, owner, std::move(source), std::move(opened), before));
  stream->subscription_ = broker::Subscription::Start(dialect.core, std::move(request));
  stream->Ask();
  return stream;
}

ProfileStream::ProfileStream(const Dialect& dialect, StreamOwner& owner, Source source, OpenedProfile opened,
                             const ProfileStream* before)
    : dialect_(dialect),
      owner_(owner),
      link_(std::move(source.link)),
      profile_(opened.instance->name()),
      instance_(opened.instance),
      reader_(source.rendering, profile_, opened.resume.position, std::move(source.filter),
              {dialect.figures.events_not_rendered, dialect.figures.neutral_values}),
      grace_(std::move(opened.grace)),
      handed_over_(opened.resume.after),
      place_{opened.resume.position, opened.resume.position, opened.resume.position, opened.resume.position,
             opened.client_acks},
      next_marker_at_(SteadyNow()) {
  // It continues another stream, some of whose frames may still be in flight.
  if (before != nullptr && before->place_.sent == place_.sent) place_ = before->place_;
  if (grace_ != nullptr) grace_->Read(place_.read, model::IsBefore(place_.read, place_.last_frame));
}

void ProfileStream::End(bool left) {
  if (std::exchange(ended_, true)) return;
  subscription_->Cancel();
  // A client that was stalled may end before it has got Closed: nothing about a deleted instance is stored again.
  if (grace_ != nullptr && (left || instance_->deleted())) grace_->Leave();
  grace_ = nullptr;
}

void ProfileStream::Acknowledge(const Position& position) {
  const bool names_this = position.instance == instance_->number() || position.instance == storage::InstanceNumber();
  // Ignore positions that this stream has not sent: late ones of an earlier subscription, or invented ones.
  if (!names_this || model::IsBefore(place_.last_frame, position)) return;
  if (!std::exchange(place_.client_acks, true)) {
    place_.read = place_.start;
    if (grace_ != nullptr) grace_->Acknowledges();
  }
  OnRead({instance_->number(), position.cursor, position.part});
}

void ProfileStream::Ask() {
  // False if it was cancelled, because the stream has ended.
  (void)subscription_->Next([self = shared_from_this()](Delivery delivery) {
    ClientLink& link = *self->link_;
    link.Post([self, delivery = std::move(delivery)]() mutable { self->OnDelivery(std::move(delivery)); });
  });
}

void ProfileStream::OnDelivery(Delivery delivery) {
  if (ended_) return;
  std::visit([this](auto&& kind) { On(std::forward<decltype(kind)>(kind)); }, std::move(delivery));
}

void ProfileStream::On(const Started& /*started*/) { Ask(); }

void ProfileStream::On(Events events) {
  handed_over_ = events.last;
  reader_.Add(std::move(events.slices));
  SendFrames();
}

void ProfileStream::On(const CaughtUp& caught_up) { OnProgress(caught_up.cursor); }
void ProfileStream::On(const Heartbeat& heartbeat) { OnProgress(heartbeat.cursor); }
void ProfileStream::On(const Gap& gap) { OnProgress(gap.last); }
void ProfileStream::On(const Closed& closed) { owner_.OnStreamClosed(profile_, closed.status); }

void ProfileStream::OnProgress(Cursor cursor) {
  if (cursor > handed_over_) handed_over_ = cursor;
  SendFrames();
}

void ProfileStream::SendFrames() {
  has_frames_ = true;
  if (!link_->writable()) return;
  size_t bytes = 0;
  size_t frames = 0;
  while (bytes < kBatchBytes && frames < kBatchFrames) {
    const std::optional<model::Frame> frame = reader_.Next();
    if (!frame) break;
    bytes += owner_.SendFrame(profile_, *frame);
    ++frames;
    place_.sent = place_.last_frame = frame->position;
    if (ended_) return;
  }
  if (frames > 0) {
    if (grace_ != nullptr) grace_->Read(place_.read, /*is_behind=*/true);
    return;
  }
  has_frames_ = false;
  // The rest of the delivery is not shown.
  if (place_.sent.cursor < handed_over_) {
    place_.sent = {instance_->number(), handed_over_, 0};
    OnRead(place_.read);
  }
  Ask();
}

void ProfileStream::OnWritable() {
  if (ended_) return;
  SendMarker();
  if (has_frames_) SendFrames();
}

void ProfileStream::SendMarker() {
  if (ended_ || marker_ || place_.client_acks || grace_ == nullptr || !link_->writable()) return;
  if (!model::IsBefore(place_.read, place_.last_frame)) return;
  const SteadyTime now = SteadyNow();
  if (now >= next_marker_at_) {
    next_marker_at_ = now + absl::ToChronoNanoseconds(dialect_.options.marker_interval);
    marker_ = Marker{link_->SendMarker(), place_.sent};
  } else if (!std::exchange(marker_armed_, true)) {
    dialect_.core.timers.Schedule(next_marker_at_, [self = shared_from_this()] {
      ClientLink& link = *self->link_;
      link.Post([self] {
        self->marker_armed_ = false;
        self->SendMarker();
      });
    });
  }
}

void ProfileStream::OnMarkerRead(uint64_t marker) {
  if (ended_ || !marker_ || marker < marker_->number) return;
  const Position sent = std::exchange(marker_, std::nullopt)->sent;
  if (!place_.client_acks) OnRead(sent);
  SendMarker();
}

void ProfileStream::OnRead(const Position& position) {
  if (model::IsBefore(place_.read, position)) place_.read = position;
  // After the last frame there is nothing that the client could miss.
  const bool is_behind = model::IsBefore(place_.read, place_.last_frame);
  if (!is_behind) place_.read = place_.sent;
  if (grace_ != nullptr) grace_->Read(place_.read, is_behind);
}

}  // namespace playhead::broker::multiwa
