#include "broker/dialects/multiwa/rooms.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/dialects/multiwa/gateway_renderer.h"
#include "broker/http/socketio/json.h"
#include "broker/log.h"
#include "broker/model/json.h"
#include "broker/model/name_filter.h"
#include "proto/errors.h"

namespace playhead::broker::multiwa {
namespace {

constexpr absl::string_view kJoin = "join";
constexpr absl::string_view kSubscribe = "subscribe:profile";
constexpr absl::string_view kUnsubscribe = "unsubscribe:profile";

}  // namespace

Rooms::Rooms(const Dialect& dialect, ClientIdentity client, std::shared_ptr<ClientLink> link,
             std::shared_ptr<http::socketio::Socket> socket)
    : dialect_(dialect), client_(std::move(client)), link_(std::move(link)), socket_(std::move(socket)) {}

bool Rooms::Knows(absl::string_view event_name) {
  return event_name == kJoin || event_name == kSubscribe || event_name == kUnsubscribe;
}

void Rooms::OnEvent(const http::socketio::Event& event) {
  if (ended_) return;
  const auto& values = event.arguments.values;
  const auto argument = model::ParseJson(values.empty() ? "{}" : values.front());
  const model::json::value* const value = argument ? &*argument : nullptr;
  const std::string profile = model::Text(model::Find(value, "profileId"));
  if (event.name == kUnsubscribe) {
    Leave(profile);
    return Succeed(profile, event.ack_id);
  }
  // The same error as the original's.
  if (profile.empty()) return Refuse(absl::PermissionDeniedError("no profileId"), event.ack_id);
  std::optional<std::string> since;
  if (const auto* const position = model::Find(value, "since"); position != nullptr) since = model::Text(position);
  Join(profile, std::move(since), event.ack_id);
}

void Rooms::Join(const std::string& profile, std::optional<std::string> since, AckId ack_id) {
  const auto found = rooms_.find(profile);
  if (found != rooms_.end()) {
    if (found->second.stream != nullptr) return Succeed(profile, ack_id);
    if (found->second.waiting.size() == kJoinsWaitingMax) {
      return Refuse(absl::ResourceExhaustedError("The profile is being joined: wait for the answer"), ack_id);
    }
    return found->second.waiting.push_back(ack_id);
  }
  if (rooms_.size() == kRoomsMax) {
    return Refuse(absl::ResourceExhaustedError(absl::StrCat("At most ", kRoomsMax, " profiles can be joined")), ack_id);
  }
  const uint64_t number = ++last_number_;
  rooms_.emplace(profile, Room{number, nullptr, {ack_id}});
  Opening opening;
  opening.profile = profile;
  opening.since = std::move(since);
  opening.grace_key = GraceKey(client_, profile, {"gateway"});
  opening.present = [] { return std::nullopt; };
  OpenProfile(dialect_, client_, link_, std::move(opening),
              [self = shared_from_this(), profile, number](absl::StatusOr<OpenedProfile> opened) {
                self->OnOpened(profile, number, std::move(opened));
              });
}

void Rooms::OnOpened(const std::string& profile, uint64_t number, absl::StatusOr<OpenedProfile> opened) {
  if (ended_) return;
  const auto found = rooms_.find(profile);
  if (found == rooms_.end() || found->second.number != number) {
    // The client has left in the meantime.
    if (opened.ok() && opened->grace != nullptr) opened->grace->Leave();
    return;
  }
  const std::vector<AckId> waiting = std::exchange(found->second.waiting, {});
  if (!opened.ok()) {
    rooms_.erase(found);
    for (const AckId ack_id : waiting) Refuse(opened.status(), ack_id);
    return;
  }
  for (const AckId ack_id : waiting) Succeed(profile, ack_id);
  found->second.stream =
      ProfileStream::Start(dialect_, *this, {link_, client_.caller, kGatewayRendering, model::NameFilter::All()},
                           *std::move(opened), nullptr);
}

void Rooms::Leave(const std::string& profile) {
  const auto found = rooms_.find(profile);
  if (found == rooms_.end()) return;
  Room room = std::move(found->second);
  rooms_.erase(found);
  if (room.stream != nullptr) room.stream->End(/*left=*/true);
  for (const AckId ack_id : room.waiting) Succeed(profile, ack_id);  // Joined, and left again at once.
}

std::vector<std::shared_ptr<ProfileStream>> Rooms::Streams() const {
  std::vector<std::shared_ptr<ProfileStream>> streams;
  streams.reserve(rooms_.size());
  for (const auto& [profile, room] : rooms_) {
    if (room.stream != nullptr) streams.push_back(room.stream);
  }
  return streams;
}

void Rooms::OnWritable() {
  const auto streams = Streams();
  ++next_turn_;
  for (size_t i = 0; i < streams.size(); ++i) streams[(next_turn_ + i) % streams.size()]->OnWritable();
}

void Rooms::OnMarkerRead(uint64_t marker) {
  for (const auto& stream : Streams()) stream->OnMarkerRead(marker);
}

void Rooms::End(bool left) {
  ended_ = true;
  for (const auto& stream : Streams()) stream->End(left);
  rooms_.clear();
}

size_t Rooms::SendFrame(const std::string& profile, const model::Frame& frame) {
  std::string argument = WriteGatewayArgument(frame, profile);
  const size_t bytes = argument.size();
  socket_->Emit(frame.rendering.name, {{std::move(argument)}, {}});
  return bytes;
}

void Rooms::OnStreamClosed(const std::string& profile, const absl::Status& status) {
  // The events of the profile just end; the original has no message for that.
  if (HasReason(status, Reason::kInstanceDeleted)) return Leave(profile);
  LogRefusal("/ws", status);
  EndBecause(*link_, status);
}

void Rooms::Succeed(const std::string& profile, AckId ack_id) {
  if (!ack_id) return;
  socket_->Acknowledge(*ack_id,
                       {{absl::StrCat(R"({"success":true,"profileId":)", http::socketio::Quoted(profile), "}")}, {}});
}

void Rooms::Refuse(const absl::Status& status, AckId ack_id) {
  LogRefusal("/ws join", status);
  if (!ack_id) return;
  socket_->Acknowledge(
      *ack_id, {{absl::StrCat(R"({"success":false,"error":)", http::socketio::Quoted(ErrorText(status)), "}")}, {}});
}

}  // namespace playhead::broker::multiwa
