#include "broker/replay/planner.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/listing/covered_instances.h"
#include "broker/replay/limits.h"
#include "proto/errors.h"
#include "storage/own_instances.h"

namespace playhead::broker::replay {

using storage::Cursor;
using storage::Timestamp;

namespace {

constexpr size_t kListPage = 1'000;

// Whether, according to the catalogue, no event of the instance can be in the selected time range.
bool IsOutside(const storage::InstanceInfo& row, const Selection& selection) {
  if (!row.bounds.ok()) return false;
  if (row.bounds->event_count() == 0) return true;
  const auto* const from = std::get_if<FromTime>(&selection.start);
  return from != nullptr && row.bounds->last_appended_at < from->time;
}

}  // namespace

std::shared_ptr<Planner> Planner::Plan(storage::EventLog& log, Selection selection, storage::Callback<Planned> done) {
  std::shared_ptr<Planner> planner(new Planner(log, std::move(selection), std::move(done)));
  for (const std::string& instance : planner->selection_.instances) planner->waiting_.push_back({.instance = instance});
  planner->listed_all_ = !planner->selection_.prefix.has_value();
  planner->NextRange();
  return planner;
}

std::shared_ptr<Planner> Planner::Recount(storage::EventLog& log, std::vector<Range> ranges,
                                          std::shared_ptr<const storage::EventFilter> filter,
                                          storage::Callback<Planned> done) {
  std::shared_ptr<Planner> planner(new Planner(log, Selection{.filter = std::move(filter)}, std::move(done)));
  planner->ranges_are_fixed_ = true;
  planner->waiting_.assign(std::make_move_iterator(ranges.begin()), std::make_move_iterator(ranges.end()));
  planner->NextRange();
  return planner;
}

void Planner::List() {
  ListCoveredInstances(log_, selection_.caller, *selection_.prefix, listed_up_to_, kListPage,
                       [self = shared_from_this()](auto rows) { self->OnListed(std::move(rows)); });
}

void Planner::OnListed(absl::StatusOr<std::vector<storage::InstanceInfo>> rows) {
  if (!rows.ok()) return Finish(rows.status());
  listed_all_ = rows->size() < kListPage;
  if (!rows->empty()) listed_up_to_ = rows->back().name;
  for (storage::InstanceInfo& row : *rows) {
    const bool may_replay = selection_.caller->Covers(Permission::kSubscribe, row.name) &&
                            selection_.caller->Covers(Permission::kManage, row.name);
    if (!may_replay || storage::IsOwnInstance(row.name) || IsOutside(row, selection_)) continue;
    waiting_.push_back({.instance = std::move(row.name)});
  }
  NextRange();
}

void Planner::NextRange() {
  if (cancelled_.load(std::memory_order_relaxed)) return Finish(absl::CancelledError("the call was cancelled"));
  if (waiting_.empty()) return listed_all_ ? Finish(absl::OkStatus()) : List();
  range_ = std::move(waiting_.front());
  waiting_.pop_front();
  log_.OpenInstance(range_.instance, storage::OpenMode::kExisting,
                    [self = shared_from_this()](auto instance) { self->OnOpened(std::move(instance)); });
}

void Planner::OnOpened(absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
  if (!instance.ok()) {
    // It was deleted after it was listed, or after the plan.
    const bool may_be_gone = selection_.prefix.has_value() || ranges_are_fixed_;
    return absl::IsNotFound(instance.status()) && may_be_gone ? NextRange() : Finish(instance.status());
  }
  instance_ = *std::move(instance);
  range_.number = instance_->number();
  if (ranges_are_fixed_) return SetEnd(range_.last);
  ResolveStart(log_, instance_, selection_.start,
               [self = shared_from_this()](auto after) { self->OnStart(std::move(after)); });
}

void Planner::OnStart(absl::StatusOr<Cursor> after) {
  if (!after.ok()) return Finish(after.status());
  range_.after = *after;
  if (std::holds_alternative<AfterCursor>(selection_.start)) {
    if (absl::Status status = instance_->bounds().CheckStart(*after); !status.ok()) return Finish(status);
  }
  if (selection_.until_time == Timestamp()) return SetEnd(selection_.until);
  log_.FindTime(instance_, selection_.until_time, [self = shared_from_this()](absl::StatusOr<Cursor> last) {
    if (!last.ok()) return self->Finish(last.status());
    const Cursor until = self->selection_.until;
    self->SetEnd(until == Cursor() ? *last : std::min(until, *last));
  });
}

void Planner::SetEnd(Cursor last) {
  const Cursor head = instance_->head();
  // Only a plan without any end means "up to the head". In other cases, an end at Cursor() means an empty range.
  const bool to_head = last == Cursor() && !ranges_are_fixed_ && selection_.until_time == Timestamp();
  range_.last = to_head ? head : std::min(last, head);
  range_.event_count = 0;
  position_ = range_.after;
  Read();
}

void Planner::Read() {
  if (cancelled_.load(std::memory_order_relaxed)) return Finish(absl::CancelledError("the call was cancelled"));
  if (position_ >= range_.last) return EndRange();
  log_.Read(instance_,
            {.after = position_,
             .until = range_.last,
             .events_max = storage::kFetchEventsMax,
             .bytes_max = storage::kReadScanBytesMax,
             .filter = selection_.filter},
            [self = shared_from_this()](auto result) { self->OnRead(std::move(result)); });
}

void Planner::OnRead(absl::StatusOr<storage::ReadResult> result) {
  if (!result.ok()) {
    if (HasReason(result.status(), Reason::kCursorTrimmed)) {
      position_ = instance_->bounds().BeforeFirst();  // Trimmed events cannot be sent.
      return Read();
    }
    // The instance was deleted, or its name belongs to another instance since the plan.
    const bool gone = HasReason(result.status(), Reason::kInstanceDeleted) ||
                      (ranges_are_fixed_ && HasReason(result.status(), Reason::kCursorDiverged));
    return gone ? EndRange() : Finish(result.status());
  }
  range_.event_count += planned_.tally.Add(result->slices);
  position_ = result->next;
  if (result->end_reached) return EndRange();
  Read();
}

void Planner::EndRange() {
  if (range_.event_count > 0) planned_.ranges.push_back(std::move(range_));
  instance_.reset();
  if (planned_.ranges.size() > kRangesMax) {
    return Finish(
        MakeError(Reason::kReplayInvalid,
                  absl::StrCat("more than ", kRangesMax, " instances have such events: replay fewer at a time")));
  }
  NextRange();
}

void Planner::Finish(absl::Status status) {
  storage::Callback<Planned> done = std::move(done_);
  if (!status.ok()) return std::move(done)(std::move(status));
  std::move(done)(std::move(planned_));
}

}  // namespace playhead::broker::replay
