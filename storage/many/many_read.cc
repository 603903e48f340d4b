#include "storage/many/many_read.h"

#include <optional>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/blocks/block_finder.h"
#include "storage/instances/instance_catalog.h"
#include "storage/many/commit_walk.h"
#include "storage/many/instance_merge.h"
#include "storage/store/commit_rows.h"
#include "storage/store/forgotten_commits.h"
#include "storage/store/meta.h"

namespace playhead::storage {
namespace {

// Finds the times of commits of which events are left.
class CommitTimes {
 public:
  explicit CommitTimes(const ManySource& source) : store_(*source.store), blocks_(source.store) {}

  // When the first remaining event of the row was appended; nullopt if none remains.
  absl::StatusOr<std::optional<Timestamp>> Of(const CommitRows& row) {
    const auto ranges = row.ranges();
    if (!ranges.ok()) return ranges.status();
    for (const CommitRange& range : *ranges) {
      const auto first = FirstOf(range.instance);
      if (!first.ok()) return first.status();
      if (!*first || range.last < **first) continue;
      const auto block = blocks_.FindStored(range.instance, range.last);
      if (!block.ok()) return block.status();
      if (*block != nullptr) return (*block)->header().first_appended_at;
    }
    return std::nullopt;
  }

 private:
  static constexpr size_t kInstancesKnownMax = 65'536;

  // The first kept cursor of an instance; nullopt if it is deleted.
  absl::StatusOr<std::optional<Cursor>> FirstOf(InstanceNumber instance) {
    if (first_kept_.size() >= kInstancesKnownMax) first_kept_.clear();
    const auto known = first_kept_.find(instance.value());
    if (known != first_kept_.end()) return known->second;
    auto first = FirstKept(store_, instance);
    if (HasReason(first.status(), Reason::kDataLoss)) first = Cursor();  // Reads of the instance report it.
    if (first.ok()) first_kept_.emplace(instance.value(), *first);
    return first;
  }

  const Store& store_;
  BlockFinder blocks_;
  absl::flat_hash_map<uint64_t, std::optional<Cursor>> first_kept_;
};

}  // namespace

absl::Status CheckPosition(const ManySource& source, StorePosition position) {
  if (position.commit == CommitPosition()) return absl::OkStatus();
  CommitPosition last = source.head;
  if (position.commit.epoch() < last.epoch()) {
    const auto end = CommitsEnd(*source.store, position.commit.epoch());
    if (!end.ok()) return end.status();
    last = *end;
  }
  if (position.commit <= last) return absl::OkStatus();
  return MakeError(Reason::kCursorDiverged,
                   absl::StrCat("the position is of commit ", position.commit.value(),
                                ", which this store does not have: its history and the position's agree up to commit ",
                                last.value()));
}

absl::StatusOr<ManyReadResult> ReadManyInstances(const ManySource& source, const ManyReadOptions& options) {
  if (absl::Status status = CheckPosition(source, options.after); !status.ok()) return status;
  if (options.reader->starts_at_kept()) {
    const auto last = ForgettingsCount(*source.store);
    if (!last.ok()) return last.status();
    options.reader->HearForgettings(*last);
  }
  const size_t name_count = options.reader->selector().names().size();
  if (name_count > 0 && name_count <= kMergedInstancesMax) {
    if (auto merged = MergeInstances(source, options)) return *std::move(merged);
  }
  return WalkCommits(source, options);
}

absl::StatusOr<StorePosition> FindTimeInCommits(const ManySource& source, Timestamp time) {
  // Rows of which no events are left are skipped: each costs a look into memory, and they are removed within minutes.
  // After this many in a row, the search treats the place as not before the time.
  constexpr int kRowsMax = 1'000'000;
  CommitRows row(*source.store);
  CommitTimes times(source);
  // Commits up to `low` are before the time, those after `high` are not. `next` is the first known of the latter of
  // which anything is left.
  uint64_t low = 0;
  uint64_t high = source.head.value();
  CommitPosition next;
  while (low < high) {
    const uint64_t middle = low + (high - low + 1) / 2;
    std::optional<Timestamp> found;
    int rows = 0;
    for (row.Seek(CommitPosition(middle)); row.Valid() && row.position().value() <= high && rows < kRowsMax;
         row.Next(), ++rows) {
      auto at = times.Of(row);
      if (!at.ok()) return at.status();
      found = *at;
      if (found) break;
    }
    if (!row.status().ok()) return row.status();
    if (found && *found < time) {
      low = row.position().value();
    } else {
      if (found || (rows == kRowsMax && row.Valid() && row.position().value() <= high)) next = row.position();
      high = middle - 1;
    }
  }
  if (low == 0) return StorePosition();
  // Right before `next`: the reader did not ask for events between `low` and `next`, which are no longer kept.
  const CommitPosition before_next(next.value() - 1);
  if (next != CommitPosition() && before_next.epoch() == next.epoch()) return StorePosition::EndOf(before_next);
  return StorePosition::EndOf(CommitPosition(low));
}

}  // namespace playhead::storage
