#include "broker/dialects/photon/renderer.h"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "proto/whatsapp/content.h"

namespace playhead::broker::photon {
namespace {

constexpr absl::string_view kMessagePrefix = "message.";
constexpr absl::string_view kDialect = "whatsapp";

// The types that are shown. Others (`message.sent`, sessions, account errors) are not part of this API.
constexpr auto kShownTypes = std::to_array<absl::string_view>({
    "message.received",
    "message.edited",
    "message.deleted",
    "message.reaction",
    "status.sent",
    "status.delivered",
    "status.read",
    "status.played",
    "status.failed",
});

}  // namespace

std::shared_ptr<const storage::EventFilter> ShownTypes(absl::string_view also) {
  std::vector<absl::string_view> types(kShownTypes.begin(), kShownTypes.end());
  if (!also.empty()) types.push_back(also);
  return std::make_shared<const storage::EventFilter>(*storage::EventFilter::Make(types));
}

bool IsShown(absl::string_view type) {
  return std::find(kShownTypes.begin(), kShownTypes.end(), type) != kShownTypes.end();
}

bool IsOfWhatsApp(const EventView& event) {
  for (const auto& [key, value] : event.attributes) {
    if (key == "dialect") return value == kDialect;
  }
  return false;
}

absl::Status Render(absl::string_view type, absl::string_view data, Payload& payload) {
  if (absl::StartsWith(type, kMessagePrefix)) {
    auto message = whatsapp::ParseMessage(data);
    if (!message.ok()) return message.status();
    *payload.mutable_message() = *std::move(message);
    return absl::OkStatus();
  }
  auto status = whatsapp::ParseStatus(data);
  if (!status.ok()) return status.status();
  // The client shows an unknown status as "sent".
  if (status->status() == ::photon::whatsapp::v1::MESSAGE_STATUS_UNSPECIFIED) {
    return absl::InvalidArgumentError("the status is none of sent, delivered, read, played and failed");
  }
  *payload.mutable_status() = *std::move(status);
  return absl::OkStatus();
}

}  // namespace playhead::broker::photon
