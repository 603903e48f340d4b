#include "broker/replay/rows.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "broker/replay/limits.h"
#include "broker/settings/stored_records.h"
#include "proto/errors.h"

namespace playhead::broker::replay {

using storage::Record;
using storage::RecordChange;
using storage::RecordSpace;

namespace {

constexpr absl::string_view kRecordPrefix = "replay/";
constexpr absl::string_view kRangesPrefix = "replay-ranges/";

std::string RecordKey(absl::string_view id) { return absl::StrCat(kRecordPrefix, id); }
std::string RangesKey(absl::string_view id, size_t row) { return absl::StrFormat("%s%s/%04d", kRangesPrefix, id, row); }

RecordChange RecordRow(const store::v1::ReplayRecord& record) {
  return {RecordSpace::kKeys, RecordKey(record.replay().id()), record.SerializeAsString()};
}

size_t RowCount(size_t ranges) { return (ranges + kRangesPerRow - 1) / kRangesPerRow; }

absl::Status Damaged(const std::string& key) {
  return MakeError(Reason::kDataLoss, absl::StrCat("the record ", key, " is damaged"));
}

absl::StatusOr<std::vector<Range>> LoadRanges(storage::RecordStore& records, const std::string& id) {
  std::vector<Range> ranges;
  const std::string prefix = absl::StrCat(kRangesPrefix, id, "/");
  const absl::Status loaded = ForEachRecord(records, RecordSpace::kKeys, prefix, [&ranges](const Record& row) {
    store::v1::ReplayRanges stored;
    if (!stored.ParseFromString(row.value)) return Damaged(row.key);
    for (const auto& range : stored.ranges()) {
      ranges.push_back({.instance = range.instance(),
                        .number = storage::InstanceNumber(range.instance_number()),
                        .after = storage::Cursor(range.after_cursor()),
                        .last = storage::Cursor(range.last_cursor()),
                        .event_count = range.event_count()});
    }
    return absl::OkStatus();
  });
  if (!loaded.ok()) return loaded;
  return ranges;
}

}  // namespace

std::vector<RecordChange> NewChanges(const store::v1::ReplayRecord& record, absl::Span<const Range> ranges) {
  std::vector<RecordChange> changes = {RecordRow(record)};
  for (size_t row = 0; row < RowCount(ranges.size()); ++row) {
    store::v1::ReplayRanges stored;
    for (const Range& range : ranges.subspan(row * kRangesPerRow, kRangesPerRow)) {
      store::v1::ReplayRanges::Range& out = *stored.add_ranges();
      out.set_instance(range.instance);
      out.set_instance_number(range.number.value());
      out.set_after_cursor(range.after.value());
      out.set_last_cursor(range.last.value());
      out.set_event_count(range.event_count);
    }
    changes.push_back({RecordSpace::kKeys, RangesKey(record.replay().id(), row), stored.SerializeAsString()});
  }
  return changes;
}

std::vector<RecordChange> ProgressChanges(const store::v1::ReplayRecord& record, size_t ended_ranges) {
  std::vector<RecordChange> changes = {RecordRow(record)};
  for (size_t row = 0; row < RowCount(ended_ranges); ++row) {
    changes.push_back({RecordSpace::kKeys, RangesKey(record.replay().id(), row), std::nullopt});
  }
  return changes;
}

RecordChange ForgetChange(const std::string& id) { return {RecordSpace::kKeys, RecordKey(id), std::nullopt}; }

absl::StatusOr<std::vector<StoredReplay>> LoadReplays(storage::RecordStore& records) {
  std::vector<StoredReplay> replays;
  const absl::Status loaded = ForEachRecord(records, RecordSpace::kKeys, kRecordPrefix, [&](const Record& row) {
    StoredReplay replay;
    if (!replay.record.ParseFromString(row.value)) return Damaged(row.key);
    if (replay.record.replay().ended_at() == 0) {
      auto ranges = LoadRanges(records, replay.record.replay().id());
      if (!ranges.ok()) return ranges.status();
      replay.ranges = *std::move(ranges);
    }
    replays.push_back(std::move(replay));
    return absl::OkStatus();
  });
  if (!loaded.ok()) return loaded;
  return replays;
}

}  // namespace playhead::broker::replay
