// Collects what a read over many instances finds, in the order of the store, until it has enough.
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
  // Parts of one result, which bounds what small ones take in memory beyond their bytes.
  static constexpr size_t kPartsMax = 1024;

  // `lives` are those of all logs.
  PartCollector(const ManyReadOptions& options, const TypeLifeTable& lives);

  // Takes what the filter leaves of the block's events behind `after`, and says how far it came. If that is not the end
  // of the block, no more fits and the read must end.
  Cursor Take(const std::shared_ptr<Instance>& instance, const std::shared_ptr<const Block>& block, Cursor after);

  // Moves to `position`, where the instance's events behind `after` are trimmed; tells of all that are, unless the
  // reader has heard of them.
  void PassTrimmed(const std::shared_ptr<Instance>& instance, Cursor after, StorePosition position);
  // Tells that commits behind the position are no longer listed in which there were events for the reader.
  void TellUnlistedCommits();
  // Moves on without anything to return.
  void PassTo(StorePosition position) { result_.next = position; }

  // Whether the read must end here.
  bool full() const {
    return budget_.exhausted() || result_.parts.size() >= kPartsMax ||
           (result_.scanned_blocks > 0 && result_.scanned_bytes >= options_.scan_bytes_max);
  }
  StorePosition position() const { return result_.next; }
  // Whether anything was found: then what stops the read in its midst is left to the next one.
  bool found_any() const { return result_.next != options_.after || !result_.parts.empty(); }

  // Ends the read. Nothing of a deleted instance is returned.
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
