#include "broker/dialects/photon/frame_reader.h"

#include <algorithm>
#include <utility>

#include "broker/log.h"
#include "proto/event_wire.h"

namespace playhead::broker::photon {

using storage::Cursor;

std::optional<Frame> FrameReader::Next() {
  if (next_payload_ == payloads_.size() && !RenderNext()) return std::nullopt;
  Payload& payload = payloads_[next_payload_++];
  const bool is_last = next_payload_ == payloads_.size();
  const Position position{seen_.instance, cursor_, is_last ? uint16_t{0} : static_cast<uint16_t>(next_payload_)};
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
  Log().warn("event=photon_not_rendered instance={} cursor={} why=\"{}\"", audience_.instance, cursor_.value(),
             std::string(why.message()));
}

}  // namespace playhead::broker::photon
