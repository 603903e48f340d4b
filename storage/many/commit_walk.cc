#include "storage/many/commit_walk.h"

#include <algorithm>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "storage/blocks/block_finder.h"
#include "storage/blocks/block_search.h"
#include "storage/part_collector.h"
#include "storage/store/commit_rows.h"
#include "storage/store/forgotten_commits.h"

namespace playhead::storage {
namespace {

class CommitWalk {
 public:
  CommitWalk(const ManySource& source, const ManyReadOptions& options)
      : source_(source), options_(options), finder_(source.store), parts_(options, source.lives) {}

  absl::StatusOr<ManyReadResult> Run() {
    const auto end_reached = Walk();
    if (!end_reached.ok() && !parts_.found_any()) return end_reached.status();
    return parts_.Finish(end_reached.value_or(false));
  }

 private:
  // Returns whether the end of the commits was reached.
  absl::StatusOr<bool> Walk() {
    CommitRows rows(*source_.store);
    // After the iterator has pinned the rows: rows removed meanwhile are then reported rather than missed.
    if (absl::Status status = TellForgotten(); !status.ok()) return status;
    for (rows.Seek(parts_.position().commit); rows.Valid() && rows.position() <= source_.head; rows.Next()) {
      if (++steps_ > kWalkedRangesMax) return false;
      const auto ranges = rows.ranges();
      if (!ranges.ok()) return ranges.status();
      for (const CommitRange& range : *ranges) {
        const auto go_on = ReadRange(rows.position(), range);
        if (!go_on.ok()) return go_on.status();
        if (!*go_on) return false;
      }
      parts_.PassTo(std::max(parts_.position(), StorePosition::EndOf(rows.position())));
    }
    if (!rows.status().ok()) return rows.status();
    parts_.PassTo(std::max(parts_.position(), StorePosition::EndOf(source_.head)));
    return true;
  }

  // Reports to the reader, unless that was done before, that rows of commits were removed that had events for it.
  absl::Status TellForgotten() {
    const auto last = ForgettingsCount(*source_.store);
    if (!last.ok()) return last.status();
    const uint64_t heard = options_.reader->HearForgettings(*last);
    if (heard == *last) return absl::OkStatus();
    const auto missed = WereForgotten(*source_.store, options_.after, heard,
                                      [this](InstanceNumber number, CommitPosition commit) -> absl::StatusOr<bool> {
                                        if (options_.reader->AsksForKept(number, commit)) return false;
                                        const auto found = FindWanted(source_, *options_.reader, number);
                                        if (!found.ok()) return found.status();
                                        if (*found == nullptr || HasReadUpTo(**found, commit)) return false;
                                        // One report may have covered the trims of several commits.
                                        const Cursor trimmed = (*found)->bounds().BeforeFirst();
                                        return !options_.reader->HasHeardOfTrim(number, trimmed);
                                      });
    if (!missed.ok()) return missed.status();
    if (*missed) parts_.TellUnlistedCommits();
    return absl::OkStatus();
  }

  // Whether the reader's position is in that commit, after all trimmed events of the instance.
  bool HasReadUpTo(const Instance& instance, CommitPosition commit) const {
    const StorePosition& after = options_.after;
    return after.commit == commit && after.instance == instance.number() &&
           after.cursor >= instance.bounds().BeforeFirst();
  }

  // Reads the part of the range that is after the position. False if the read must end.
  absl::StatusOr<bool> ReadRange(CommitPosition commit, const CommitRange& range) {
    const StorePosition end{commit, range.instance, range.last};
    if (end <= parts_.position()) return true;
    if (parts_.full() || ++steps_ > kWalkedRangesMax) return false;
    const auto found = FindWanted(source_, *options_.reader, range.instance);
    if (!found.ok()) return found.status();
    const std::shared_ptr<Instance>& instance = *found;
    // The cursor that the reader has reached, in the epoch of the range.
    Cursor after(range.first.value() - 1);
    if (parts_.position().commit == commit && parts_.position().instance == range.instance) {
      after = std::max(after, parts_.position().cursor);
    }
    while (instance != nullptr && after < range.last) {
      const LogBounds bounds = instance->bounds();
      if (after.sequence() + 1 < bounds.first.sequence()) {
        const Cursor last = std::min(range.last, bounds.BeforeFirst());
        parts_.PassTrimmed(instance, bounds.epochs.Previous(after + 1), {commit, range.instance, last});
        after = last;
        continue;
      }
      const auto block = finder_.Find(*instance, after + 1);
      if (!block.ok() || *block == nullptr || (*block)->header().commit != commit) {
        if (instance->deleted()) break;
        if (instance->bounds().first > bounds.first) continue;  // A trim overtook the read.
        if (!block.ok()) {
          return LogUnreadable(*instance, absl::StrCat("behind cursor ", after.value()), block.status());
        }
        return LogHole(*instance, after.sequence() + 1, absl::StrCat("commit ", commit.value(), " has no such block"));
      }
      after = parts_.Take(instance, *block, after);
      if (after < (*block)->last() || (parts_.full() && after < range.last)) return false;
    }
    parts_.PassTo(end);
    return true;
  }

  const ManySource& source_;
  const ManyReadOptions& options_;
  BlockFinder finder_;
  PartCollector parts_;
  size_t steps_ = 0;  // Rows and ranges.
};

}  // namespace

absl::StatusOr<ManyReadResult> WalkCommits(const ManySource& source, const ManyReadOptions& options) {
  return CommitWalk(source, options).Run();
}

}  // namespace playhead::storage
