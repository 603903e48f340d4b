#include "broker/http_api/frames.h"

#include <optional>
#include <variant>

#include "absl/strings/str_cat.h"
#include "broker/http/response_stream.h"
#include "broker/http_api/event_stream_text.h"
#include "broker/http_api/notices.h"
#include "broker/read/store_position_token.h"
#include "proto/event_json.h"

namespace playhead::broker::http_api {
namespace {

std::string PositionJson(absl::string_view position) {
  return absl::StrCat(R"({"position":)", JsonString(position), "}");
}

}  // namespace

void InstanceFrames::Take(Delivery delivery) {
  notice_.clear();
  if (auto* events = std::get_if<Events>(&delivery)) {
    events_ = EventRun(std::move(events->slices));
  } else if (const auto* started = std::get_if<Started>(&delivery)) {
    AppendReconnectDelay(notice_);
    AppendNotice("start", absl::StrCat(started->cursor.value()),
                 absl::StrCat(R"({"cursor":)", started->cursor.value(), R"(,"first_cursor":)", started->first.value(),
                              R"(,"head_cursor":)", started->head.value(), R"(,"heartbeat_interval_ms":)",
                              absl::ToInt64Milliseconds(heartbeat_interval_), "}"),
                 notice_);
  } else if (const auto* caught_up = std::get_if<CaughtUp>(&delivery)) {
    AppendNotice("caught_up", absl::StrCat(caught_up->cursor.value()),
                 absl::StrCat(R"({"cursor":)", caught_up->cursor.value(), "}"), notice_);
  } else if (const auto* heartbeat = std::get_if<Heartbeat>(&delivery)) {
    AppendHeartbeat(absl::StrCat(heartbeat->cursor.value()), notice_);
  } else if (const auto* gap = std::get_if<Gap>(&delivery)) {
    AppendNotice("gap", absl::StrCat(gap->last.value()), GapJson(*gap), notice_);
  }
}

void InstanceFrames::Next(std::string& out) {
  out += std::exchange(notice_, std::string());
  while (out.size() < http::kPieceBytes) {
    const std::optional<EventView> event = events_.Next();
    if (!event) return;
    absl::StrAppend(&out, "id: ", event->cursor, "\ndata: ");
    AppendEventLine(instance_, *event, out);
    out += '\n';
  }
}

void ManyFrames::Take(Delivery delivery) {
  notice_.clear();
  if (auto* events = std::get_if<ManyEvents>(&delivery)) {
    instance_ = events->instance->name();
    position_ = EncodeStorePosition(log_->store_id(), events->position);
    events_ = EventRun(std::move(events->slices));
  } else if (const auto* started = std::get_if<ManyStarted>(&delivery)) {
    const std::string position = EncodeStorePosition(log_->store_id(), started->position);
    AppendReconnectDelay(notice_);
    AppendNotice("start", position,
                 absl::StrCat(R"({"position":)", JsonString(position), R"(,"heartbeat_interval_ms":)",
                              absl::ToInt64Milliseconds(heartbeat_interval_), "}"),
                 notice_);
  } else if (const auto* caught_up = std::get_if<ManyCaughtUp>(&delivery)) {
    const std::string position = EncodeStorePosition(log_->store_id(), caught_up->position);
    AppendNotice("caught_up", position, PositionJson(position), notice_);
  } else if (const auto* heartbeat = std::get_if<ManyHeartbeat>(&delivery)) {
    AppendHeartbeat(EncodeStorePosition(log_->store_id(), heartbeat->position), notice_);
  } else if (const auto* gap = std::get_if<ManyGap>(&delivery)) {
    const std::string position = EncodeStorePosition(log_->store_id(), gap->position);
    const std::string what = gap->count_known()
                                 ? absl::StrCat(R"("instance":)", JsonString(gap->instance->name()), R"(,"gap":)",
                                                GapJson({gap->after, gap->last, gap->event_count}), ",")
                                 : "";
    AppendNotice("gap", position, absl::StrCat("{", what, R"("position":)", JsonString(position), "}"), notice_);
  }
}

void ManyFrames::Next(std::string& out) {
  out += std::exchange(notice_, std::string());
  while (out.size() < http::kPieceBytes) {
    const std::optional<EventView> event = events_.Next();
    if (!event) {
      if (line_.empty()) return;
      absl::StrAppend(&out, "id: ", position_, "\ndata: ", line_, "\n");
      line_.clear();
      return;
    }
    if (!line_.empty()) absl::StrAppend(&out, "data: ", line_, "\n");
    line_.clear();
    AppendEventLine(instance_, *event, line_);
  }
}

}  // namespace playhead::broker::http_api
