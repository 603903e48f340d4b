#include "broker/read/start_position.h"

#include <utility>

#include "proto/errors.h"

namespace playhead::broker {

using storage::Cursor;
using storage::LogBounds;

absl::StatusOr<StartPosition> ToStartPosition(const v1::Start& start) {
  switch (start.position_case()) {
    case v1::Start::kAfterCursor:
      return AfterCursor{Cursor(start.after_cursor())};
    case v1::Start::kBeginning:
      return FromBeginning{};
    case v1::Start::kNow:
      return FromNow{};
    case v1::Start::kTime:
      return FromTime{storage::Timestamp(start.time())};
    case v1::Start::POSITION_NOT_SET:
      break;
  }
  return MakeError(Reason::kStartRequired, "`start` must say where to read from: after_cursor, beginning, now or time");
}

void ResolveStart(storage::EventLog& log, const std::shared_ptr<storage::Instance>& instance,
                  const StartPosition& start, storage::Callback<Cursor> done) {
  if (const auto* time = std::get_if<FromTime>(&start)) {
    log.FindTime(instance, time->time, std::move(done));
  } else if (const auto* after = std::get_if<AfterCursor>(&start)) {
    std::move(done)(after->cursor);
  } else if (std::holds_alternative<FromNow>(start)) {
    std::move(done)(instance->head());
  } else {
    std::move(done)(instance->bounds().BeforeFirst());
  }
}

absl::StatusOr<std::optional<Gap>> CheckPosition(const LogBounds& bounds, Cursor after, bool allow_gap) {
  const absl::Status status = bounds.CheckStart(after);
  if (status.ok()) return std::nullopt;
  if (!allow_gap || !HasReason(status, Reason::kCursorTrimmed)) return status;
  const Cursor last = bounds.BeforeFirst();
  return Gap{after, last, last.sequence() - after.sequence()};
}

}  // namespace playhead::broker
