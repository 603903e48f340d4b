#include "broker/replay/selection.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/auth/permission.h"
#include "broker/read/start_position.h"
#include "broker/replay/limits.h"
#include "proto/errors.h"

namespace playhead::broker::replay {

using storage::Cursor;

namespace {

absl::Status Invalid(absl::string_view why) { return MakeError(Reason::kReplayInvalid, why); }

absl::Status CheckMayReplay(const Caller& caller, absl::string_view instance) {
  absl::Status status = storage::CheckInstanceName(instance);
  if (status.ok()) status = caller.Check(Permission::kSubscribe, instance);
  if (status.ok()) status = caller.Check(Permission::kManage, instance);
  return status;
}

absl::Status CheckSources(const v1::PlanReplayRequest& request) {
  const int ways =
      (request.instances_size() > 0 ? 1 : 0) + (request.prefix().empty() ? 0 : 1) + (request.all() ? 1 : 0);
  if (ways != 1) return Invalid("say which instances: `instances`, or `prefix`, or `all`");
  if (static_cast<size_t>(request.instances_size()) > kRangesMax) {
    return Invalid(absl::StrCat("up to ", kRangesMax, " instances are replayed at a time"));
  }
  const bool has_cursor = request.until_cursor() != 0 || request.start().has_after_cursor();
  if (has_cursor && request.instances_size() != 1) {
    return Invalid("a cursor is of one instance: give times for several, or replay one");
  }
  if (request.start().has_now()) return Invalid("nothing is behind `now`: start at a cursor, a time or the beginning");
  if (!Cursor(request.until_cursor()).valid()) return Invalid("`until_cursor` is no cursor");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Selection> ToSelection(const v1::PlanReplayRequest& request, std::shared_ptr<Caller> caller) {
  if (absl::Status status = CheckSources(request); !status.ok()) return status;
  Selection selection;
  selection.instances.assign(request.instances().begin(), request.instances().end());
  std::sort(selection.instances.begin(), selection.instances.end());
  selection.instances.erase(std::unique(selection.instances.begin(), selection.instances.end()),
                            selection.instances.end());
  for (const std::string& instance : selection.instances) {
    if (absl::Status status = CheckMayReplay(*caller, instance); !status.ok()) return status;
  }
  if (request.instances().empty()) selection.prefix = request.prefix();
  const auto start = ToStartPosition(request.start());
  if (!start.ok()) return start.status();
  selection.start = *start;
  selection.until = Cursor(request.until_cursor());
  selection.until_time = storage::Timestamp(request.until_time());
  auto filter = ToFilter(request.types(), request.id_prefix());
  if (!filter.ok()) return filter.status();
  selection.filter = *std::move(filter);
  selection.caller = std::move(caller);
  return selection;
}

absl::StatusOr<std::vector<Range>> ToRanges(const v1::StartReplayRequest& request, const Caller& caller) {
  if (request.ranges().empty()) return Invalid("there is nothing to replay: `ranges` must be those of a plan");
  if (static_cast<size_t>(request.ranges_size()) > kRangesMax) {
    return Invalid(absl::StrCat("up to ", kRangesMax, " instances are replayed at a time"));
  }
  std::vector<Range> ranges;
  for (const v1::ReplayRange& range : request.ranges()) {
    if (absl::Status status = CheckMayReplay(caller, range.instance()); !status.ok()) return status;
    const Cursor after(range.after_cursor());
    const Cursor last(range.last_cursor());
    if (!after.valid() || !last.valid() || last <= after) {
      return Invalid(absl::StrCat("the range of ", range.instance(), " is not one of a plan"));
    }
    ranges.push_back({.instance = range.instance(), .after = after, .last = last});
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range& a, const Range& b) { return a.instance < b.instance; });
  const auto same = std::adjacent_find(ranges.begin(), ranges.end(),
                                       [](const Range& a, const Range& b) { return a.instance == b.instance; });
  if (same != ranges.end()) return Invalid(absl::StrCat(same->instance, " has more than one range"));
  return ranges;
}

void WriteRanges(const std::vector<Range>& ranges, v1::ReplayPlan& plan) {
  for (const Range& range : ranges) {
    v1::ReplayRange& out = *plan.add_ranges();
    out.set_instance(range.instance);
    out.set_after_cursor(range.after.value());
    out.set_last_cursor(range.last.value());
    out.set_event_count(range.event_count);
  }
}

}  // namespace playhead::broker::replay
