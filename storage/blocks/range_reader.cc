#include "storage/blocks/range_reader.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/blocks/block_search.h"
#include "storage/blocks/block_store.h"

namespace playhead::storage {
namespace {

const EventFilter& FilterOf(const ReadOptions& options) {
  static const auto* const kAll = new EventFilter();
  return options.filter != nullptr ? *options.filter : *kAll;
}

// One read. The bounds are taken at its start; what is within them is on disk until a trim or a deletion removes it.
class RangeRead {
 public:
  RangeRead(const std::shared_ptr<const Store>& store, const Instance& instance, const ReadOptions& options,
            const TypeLives* lives)
      : store_(store),
        instance_(instance),
        options_(options),
        lives_(lives),
        bounds_(instance.bounds()),
        until_(std::min(options.until.value_or(bounds_.head), bounds_.head)),
        budget_{options.events_max, options.bytes_max} {}

  absl::StatusOr<ReadResult> Forward() {
    if (absl::Status status = bounds_.CheckStart(options_.after); !status.ok()) return status;
    result_.next = options_.after;
    if (until_ <= options_.after) return Ended();
    BlockIterator block(store_, instance_.number());
    uint64_t expected = options_.after.sequence() + 1;
    for (block.Seek(options_.after + 1); block.Valid(); block.Next()) {
      auto decoded = block.block(instance_.name());
      if (!decoded.ok()) return Unreadable(decoded.status());
      // The first block may begin before the start; every other begins right after the previous one.
      const uint64_t first = (*decoded)->first().sequence();
      if (first > expected || (first < expected && result_.scanned_bytes > 0)) {
        return HoleOrTrim(expected, absl::StrCat("the next block starts at ", first));
      }
      if ((*decoded)->first() > until_) return Ended();  // `until_` lies between two epochs.
      expected = (*decoded)->last().sequence() + 1;
      result_.scanned_bytes += (*decoded)->body().size();
      ++result_.scanned_blocks;
      const Cursor end = std::min((*decoded)->last(), until_);
      result_.next = SliceBlock(*decoded, result_.next, until_, FilterOf(options_), budget_, result_.slices, lives_);
      if (result_.next >= until_) return Ended();
      if (result_.next < end || budget_.exhausted() || result_.scanned_bytes >= options_.scan_bytes_max)
        return Finished();
    }
    if (!block.status().ok()) return Unreadable(block.status());
    return HoleOrTrim(expected, "nothing follows");
  }

  absl::StatusOr<ReadResult> Reverse() {
    if (options_.until) {
      const absl::Status status = bounds_.CheckStart(*options_.until);
      if (HasReason(status, Reason::kCursorDiverged)) return status;
    }
    const Cursor after = std::max(options_.after, bounds_.BeforeFirst());
    result_.next = until_;
    if (until_ <= after || bounds_.event_count() == 0) return Ended();
    BlockIterator block(store_, instance_.number());
    uint64_t expected = until_.sequence();  // Where the current block must end.
    for (block.Seek(until_); block.Valid(); block.Prev()) {
      auto decoded = block.block(instance_.name());
      if (!decoded.ok()) return Unreadable(decoded.status());
      const uint64_t last = (*decoded)->last().sequence();
      if (last < expected || (last > expected && result_.scanned_bytes > 0) ||
          (*decoded)->first().sequence() > expected) {
        return HoleOrTrim(expected, absl::StrCat("a block ends at ", last));
      }
      expected = (*decoded)->first().sequence() - 1;
      result_.scanned_bytes += (*decoded)->body().size();
      ++result_.scanned_blocks;
      const Cursor lowest = std::max((*decoded)->first(), after + 1);
      const Cursor done =
          SliceBlockReverse(*decoded, after, result_.next, FilterOf(options_), budget_, result_.slices, lives_);
      if (done != Cursor()) result_.next = bounds_.epochs.Previous(done);
      if (result_.next <= after) return Ended();
      if (done == Cursor() || done > lowest || budget_.exhausted() || result_.scanned_bytes >= options_.scan_bytes_max)
        return Finished();
    }
    if (!block.status().ok()) return Unreadable(block.status());
    return HoleOrTrim(expected, "nothing precedes");
  }

 private:
  absl::StatusOr<ReadResult> Ended() {
    result_.end_reached = true;
    return Finished();
  }

  absl::StatusOr<ReadResult> Finished() {
    if (instance_.deleted()) return DeletedInstance(instance_);
    for (const BlockSlice& slice : result_.slices) {
      result_.bytes += slice.bytes.size();
      result_.event_count += slice.event_count;
    }
    return std::move(result_);
  }

  // Returns what was read before the damage; the next read starts at the damage and reports it.
  absl::StatusOr<ReadResult> Unreadable(const absl::Status& error) {
    if (result_.scanned_blocks > 0) return Finished();
    return LogUnreadable(
        instance_, absl::StrCat(options_.reverse ? "up to cursor " : "behind cursor ", result_.next.value()), error);
  }

  absl::StatusOr<ReadResult> HoleOrTrim(uint64_t expected, absl::string_view found) {
    if (result_.scanned_blocks > 0) return Finished();
    if (instance_.deleted()) return DeletedInstance(instance_);
    if (!options_.reverse) {
      if (absl::Status status = instance_.bounds().CheckStart(options_.after); !status.ok()) return status;
    } else if (instance_.bounds().first.sequence() > expected) {
      return MakeError(Reason::kStoreUnavailable, "a trim overtook the read: read again");
    }
    return LogHole(instance_, expected, found);
  }

  const std::shared_ptr<const Store>& store_;
  const Instance& instance_;
  const ReadOptions& options_;
  const TypeLives* const lives_;
  const LogBounds bounds_;
  const Cursor until_;
  ReadBudget budget_;
  ReadResult result_;
};

}  // namespace

absl::StatusOr<ReadResult> ReadRange(const std::shared_ptr<const Store>& store, const Instance& instance,
                                     const ReadOptions& options, const TypeLives* lives) {
  if (instance.deleted()) return DeletedInstance(instance);
  RangeRead read(store, instance, options, lives);
  return options.reverse ? read.Reverse() : read.Forward();
}

}  // namespace playhead::storage
