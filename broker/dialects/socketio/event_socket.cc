#include "broker/dialects/socketio/event_socket.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "broker/dialects/socketio/event_names.h"
#include "broker/dialects/socketio/renderer.h"
#include "broker/http/socketio/json.h"
#include "proto/errors.h"

namespace playhead::broker::socketio {
namespace {

using http::socketio::Quoted;

// The maximum that is passed to the transport at a time.
constexpr size_t kFramesPerTurn = 16;
constexpr size_t kBytesPerTurn = size_t{64} << 10;

}  // namespace

EventSocket::EventSocket(const Dialect& dialect, std::shared_ptr<http::socketio::Socket> socket,
                         Credentials credentials, std::shared_ptr<storage::Instance> instance, std::string key,
                         StoredSession stored)
    : dialect_(dialect),
      socket_(std::move(socket)),
      credentials_(std::move(credentials)),
      instance_(std::move(instance)),
      key_(std::move(key)),
      head_(instance_->head()),
      connected_at_(SteadyNow()),
      stored_(std::move(stored)),
      seen_{instance_->number(), head_, 0} {}

absl::Status EventSocket::Store() {
  absl::Status status = dialect_.sessions.Put(
      key_, {.owner = credentials_.caller->key_id(), .instance = instance_->number(), .value = EncodeSession(stored_)});
  if (!status.ok()) return status;
  if (auto use = dialect_.sessions.Hold(key_)) use_ = *std::move(use);
  return status;
}

void EventSocket::Close(absl::Status status) {
  socket_->Run([self = shared_from_this(), status = std::move(status)] {
    self->closed_by_us_ = true;
    self->socket_->CloseTransport(CloseCodeOf(status), "");
  });
}

void EventSocket::OnEvent(http::socketio::Event event) {
  if (event.name != "subscribe" && event.name != "unsubscribe" && event.name != "list") return;
  auto names = ReadEventNames(event.arguments.values);
  if (event.name == "list" || !names.ok()) return Answer(event.ack_id, names.status());
  std::vector<std::string> subscribed = stored_.names;
  const bool adds = event.name == "subscribe";
  if (!adds && names->empty()) subscribed.clear();
  for (std::string& name : *names) {
    const auto found = std::find(subscribed.begin(), subscribed.end(), name);
    if (adds && found == subscribed.end()) subscribed.push_back(std::move(name));
    if (!adds && found != subscribed.end()) subscribed.erase(found);
  }
  Subscribe(std::move(subscribed), event.ack_id);
}

void EventSocket::Subscribe(std::vector<std::string> names, std::optional<uint64_t> ack_id) {
  size_t bytes = 0;
  for (const std::string& name : names) bytes += Quoted(name).size() + 1;
  if (bytes > kSubscribedBytesMax) {
    return Answer(ack_id, MakeError(Reason::kFilterInvalid, absl::StrCat("names of ", bytes, " bytes; at most ",
                                                                         kSubscribedBytesMax, " are taken")));
  }
  // The deletion has removed the session: no record of it may be created again.
  if (instance_->deleted()) return Close(MakeError(Reason::kInstanceDeleted, "the instance was deleted"));
  StoredSession before = stored_;
  stored_.names = std::move(names);
  const bool begins = Begins();
  if (begins) SetBeginning();
  if (absl::Status status = Store(); !status.ok()) {
    stored_ = std::move(before);
    return Answer(ack_id, status);
  }
  names_changed_ = true;
  if (begins) Open();
  // The client subscribes only once, and not again when it reconnects, so the subscription must be durable before the
  // reply.
  dialect_.sessions.Flush(Posting(
      shared_from_this(), [ack_id](EventSocket& self, const absl::Status& status) { self.Answer(ack_id, status); }));
}

void EventSocket::Answer(std::optional<uint64_t> ack_id, const absl::Status& status) {
  if (!ack_id) return;
  std::string answer;
  if (status.ok()) {
    const std::string names =
        absl::StrJoin(stored_.names, ",", [](std::string* out, const std::string& name) { *out += Quoted(name); });
    answer = absl::StrCat(R"({"ok":true,"events":[)", names, "]}");
  } else {
    answer = absl::StrCat(R"({"ok":false,"error":{"code":)", Quoted(ToProto(status).code()), R"(,"message":)",
                          Quoted(status.message()), "}}");
  }
  socket_->Acknowledge(*ack_id, {{std::move(answer)}, {}});
}

void EventSocket::OnDisconnect(bool left) {
  ended_ = true;
  reader_.reset();
  OnEnd(left);
  ticket_ = StreamRegistry::Ticket();
  use_ = SessionStore::Use();
  if (left) dialect_.sessions.Remove(key_);
}

void EventSocket::SetBeginning() {
  const bool at_once = SteadyNow() - connected_at_ < absl::ToChronoNanoseconds(kSubscribeGrace);
  stored_.position = {instance_->number(), at_once ? head_ : instance_->head(), 0};
}

storage::Cursor EventSocket::ResumePosition() {
  const model::Resume resume = model::ResumeAt(*instance_, stored_.position);
  if (resume.replaced) dialect_.figures.replaced_positions.Increment();
  seen_ = resume.position;
  return resume.after;
}

void EventSocket::StartPulling() {
  pulling_ = true;
  Pump();
}

void EventSocket::Deliver(std::vector<storage::BlockSlice> slices) {
  asking_ = false;
  const bool names_changed = std::exchange(names_changed_, false);
  if (!reader_ || names_changed) {
    reader_.emplace(
        kRendering, instance_->name(), seen_, MakeFilter(stored_.names),
        model::FrameReader::Counters{dialect_.figures.events_not_rendered, dialect_.figures.neutral_values});
  }
  reader_->Add(std::move(slices));
  reading_ = true;
  Pump();
}

void EventSocket::DeliverNothing() {
  asking_ = false;
  Pump();
}

void EventSocket::Pump() {
  if (ended_ || !pulling_ || !socket_->writable()) return;
  size_t frames = 0;
  size_t bytes = 0;
  while (reading_ && frames < kFramesPerTurn && bytes < kBytesPerTurn) {
    std::optional<model::Frame> frame = reader_->Next();
    if (!frame) {
      reading_ = false;
      break;
    }
    ++frames;
    bytes += frame->rendering.payload.size();
    Emit(*std::move(frame));
  }
  // The client must take what was sent before more is requested.
  if (frames == 0 && !std::exchange(asking_, true)) Ask();
}

}  // namespace playhead::broker::socketio
