// Collects the results of a read over many instances, in the order of the store, until the read has enough.
#ifndef PLAYHEAD_STORAGE_PART_COLLECTOR_H_
#define PLAYHEAD_STORAGE_PART_COLLECTOR_H_

#include <cstddef>
#include <memory>

#include "storage/block.h"
#include "storage/event_log.h"
#include "storage/many_reader.h"
#include "storage/store_position.h"

namespace playhead::storage {

// Not thread-safe. Borrows `options`.
class PartCollector {
 public:
  // The maximum number of parts in one result; bounds the memory overhead of small parts.
  static constexpr size_t kPartsMax = 1024;

  // `lives` are those of all logs.
  PartCollector(const ManyReadOptions& options, const TypeLifeTable& lives);

  // Takes the block's events after `after` that pass the filter, and returns the last cursor it processed. If that is
  // not the end of the block, no more fits, and the read must end.
  Cursor Take(const std::shared_ptr<Instance>& instance, const std::shared_ptr<const Block>& block, Cursor after);

  // Moves to `position`, where the instance's events after `after` are trimmed. Reports all of its trimmed events,
  // unless they were already reported to the reader.
  void PassTrimmed(const std::shared_ptr<Instance>& instance, Cursor after, StorePosition position);
  // Reports that commits after the position that had events for the reader are no longer listed.
  void TellUnlistedCommits();
  // Moves on without returning anything.
  void PassTo(StorePosition position) { result_.next = position; }

  // Whether the read must end here.
  bool full() const {
    return budget_.exhausted() || result_.parts.size() >= kPartsMax ||
           (result_.scanned_blocks > 0 && result_.scanned_bytes >= options_.scan_bytes_max);
  }
  StorePosition position() const { return result_.next; }
  // Whether anything was found: if so, an error in the middle of this read is left to the next one.
  bool found_any() const { return result_.next != options_.after || !result_.parts.empty(); }

  // Ends the read. Leaves out the parts of deleted instances.
  ManyReadResult Finish(bool end_reached);

 private:
  const ManyReadOptions& options_;
  const TypeLifeTable& lives_;
  const EventFilter& filter_;
  ReadBudget budget_;
  ManyReadResult result_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_PART_COLLECTOR_H_
