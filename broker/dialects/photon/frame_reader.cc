#include "broker/dialects/photon/frame_reader.h"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/log.h"
#include "proto/event_wire.h"

namespace playhead::broker::photon {

using storage::Cursor;

std::optional<Frame> FrameReader::Next() {
  if (next_payload_ == payloads_.size() && !RenderNext()) return std::nullopt;
  Payload& payload = payloads_[next_payload_++];
  const bool is_last = next_payload_ == payloads_.size();
  // Beyond the largest part, positions repeat it: a client that resumes there gets the rest again.
  const auto part = static_cast<uint16_t>(std::min<size_t>(next_payload_, std::numeric_limits<uint16_t>::max()));
  const Position position{seen_.instance, cursor_, is_last ? uint16_t{0} : part};
  payload.mutable_cursor()->set_value(position.ToString());
  Frame frame{payload.SerializeAsString(), position};
  payload.Clear();
  return frame;
}

bool FrameReader::RenderNext() {
  while (const auto event = events_.Next()) {
    payloads_.clear();
    cursor_ = Cursor(event->cursor);
    Render(*event);
    next_payload_ = cursor_ == seen_.cursor ? std::min<size_t>(seen_.part, payloads_.size()) : 0;
    if (next_payload_ < payloads_.size()) return true;
  }
  return false;
}

void FrameReader::Render(const EventView& event) {
  if (!IsOfWhatsApp(event)) return;
  if (audience_.app_secrets == nullptr || event.type != audience_.app_secrets->unverified_type()) {
    return RenderPart(event.type, event.data);
  }
  for (const AppSecrets::Part& part : audience_.app_secrets->Verify(event, audience_.instance, audience_.app_secret)) {
    RenderPart(part.type, part.data);
  }
}

void FrameReader::RenderPart(absl::string_view type, absl::string_view data) {
  if (!IsShown(type)) return;
  payloads_.emplace_back();
  if (const absl::Status status = photon::Render(type, data, payloads_.back()); !status.ok()) {
    payloads_.pop_back();
    PassOver(status);
  }
}

void FrameReader::PassOver(const absl::Status& why) {
  not_rendered_.Increment();
  if (std::exchange(passed_over_any_, true)) return;
  LogWarning("photon_not_rendered", absl::StrCat("instance=", audience_.instance, " cursor=", cursor_.value()), why);
}

}  // namespace playhead::broker::photon
