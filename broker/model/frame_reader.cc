#include "broker/model/frame_reader.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "broker/log.h"
#include "broker/model/kind.h"

namespace playhead::broker::model {

using storage::Cursor;

std::optional<Frame> FrameReader::Next() {
  if (next_rendering_ == renderings_.size() && !RenderNext()) return std::nullopt;
  Rendering& rendering = renderings_[next_rendering_++];
  // After the last frame of an event that this client gets, it has seen the whole event.
  const bool is_last = next_rendering_ == renderings_.size();
  const Step step = is_last ? kWholeEvent : rendering.step;
  if (rendering.has_neutral_value) counters_.neutral_values.Increment();
  return Frame{std::move(rendering), {seen_.instance, cursor_, step}, created_at_, appended_at_};
}

bool FrameReader::RenderNext() {
  while (const auto event = events_.Next()) {
    renderings_.clear();
    next_rendering_ = 0;
    cursor_ = Cursor(event->cursor);
    created_at_ = event->created_at;
    appended_at_ = event->appended_at;
    if (dialect_.may_show(*event, filter_)) Render(*event);
    if (!renderings_.empty()) return true;
  }
  return false;
}

void FrameReader::Render(const EventView& event) {
  auto renderings = dialect_.render(event);
  if (!renderings.ok()) {
    counters_.not_rendered.Increment();
    if (std::exchange(passed_over_any_, true)) return;
    LogWarning(absl::StrCat(dialect_.name, "_not_rendered"),
               absl::StrCat("instance=", instance_, " cursor=", event.cursor, " kind=\"",
                            absl::CEscape(KindText(event)), "\""),
               renderings.status());
    return;
  }
  const Step seen = cursor_ == seen_.cursor ? seen_.part : kWholeEvent;
  for (Rendering& rendering : *renderings) {
    if (WasSeen(rendering.step, seen)) continue;
    if (filter_.Matches(rendering.name)) renderings_.push_back(std::move(rendering));
  }
}

}  // namespace playhead::broker::model
