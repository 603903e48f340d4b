#include "storage/many_read.h"

#include <optional>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/block_finder.h"
#include "storage/commit_rows.h"
#include "storage/commit_walk.h"
#include "storage/instance_merge.h"
#include "storage/meta.h"

namespace playhead::storage {
namespace {

// When the first of the events was appended that are left of the row at hand; nullopt if none is.
absl::StatusOr<std::optional<Timestamp>> TimeOf(const CommitRows& row, BlockFinder& blocks) {
  const auto ranges = row.ranges();
  if (!ranges.ok()) return ranges.status();
  for (const CommitRange& range : *ranges) {
    const auto block = blocks.FindStored(range.instance, range.last);
    if (!block.ok()) return block.status();
    if (*block != nullptr) return (*block)->header().first_appended_at;
  }
  return std::nullopt;
}

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
  const size_t name_count = options.reader->selector().names().size();
  if (name_count > 0 && name_count <= kMergedInstancesMax) {
    auto merged = MergeInstances(source, options);
    if (!merged.ok()) return merged.status();
    if (*merged) return **std::move(merged);
  }
  return WalkCommits(source, options);
}

absl::StatusOr<StorePosition> FindTimeInCommits(const ManySource& source, Timestamp time) {
  // Rows of which nothing is left are passed over; where there are too many, what they stood for counts as late enough.
  constexpr int kRowsMax = 10'000;
  CommitRows row(*source.store);
  BlockFinder blocks(source.store);
  // Commits up to `low` are before the time, those behind `high` are not.
  uint64_t low = 0;
  uint64_t high = source.head.value();
  while (low < high) {
    const uint64_t middle = low + (high - low + 1) / 2;
    std::optional<Timestamp> found;
    int rows = 0;
    for (row.Seek(CommitPosition(middle)); row.Valid() && row.position().value() <= high && rows < kRowsMax;
         row.Next(), ++rows) {
      auto at = TimeOf(row, blocks);
      if (!at.ok()) return at.status();
      found = *at;
      if (found) break;
    }
    if (!row.status().ok()) return row.status();
    if (found && *found < time) {
      low = row.position().value();
    } else {
      high = middle - 1;
    }
  }
  return low == 0 ? StorePosition() : StorePosition::EndOf(CommitPosition(low));
}

}  // namespace playhead::storage
