// ManyReader: what the log remembers of one reader over many instances between its reads. It makes reads cheaper, and
// their gap reports complete; the reader's position is not here but in StorePosition.
//
// Memory is bounded: the names of at most kInstancesKnownMax instances, and as many trims, all of which are forgotten
// when there are more (names are then looked up again, and trims reported again); and, while a reader that started
// without a position is catching up, one bit for each instance of the store (1 MiB for 8 million). Not thread-safe: one
// read at a time, with no other use meanwhile.
#ifndef PLAYHEAD_STORAGE_MANY_READER_H_
#define PLAYHEAD_STORAGE_MANY_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "storage/event_log.h"
#include "storage/instance_selector.h"
#include "storage/store_position.h"

namespace playhead::storage {

class ManyReader {
 public:
  static constexpr size_t kInstancesKnownMax = 4096;

  // What is known of an instance that the reader has met.
  struct Known {
    bool selected;
    std::string name;  // Set if it is selected.
  };

  explicit ManyReader(std::shared_ptr<const InstanceSelector> selector) : selector_(std::move(selector)) {}

  const InstanceSelector& selector() const { return *selector_; }

  // nullptr if the instance was not met, or was forgotten since. Valid until the next non-const call.
  const Known* Find(InstanceNumber number) const;
  const Known& Meet(InstanceNumber number, const std::string& name);
  bool Selects(const Instance& instance);

  // Notes that the reader started not after a position, but at the beginning or at a time, when `head` was the last
  // commit. Such a reader asked for kept events only, so events up to `head` that were trimmed before it first met
  // their instance are not a gap.
  void StartAtKept(CommitPosition head) {
    kept_until_ = head;
    starts_at_kept_ = true;
  }
  // Notes that the reader has passed events of the instance up to `position`.
  void NotePassed(InstanceNumber number, StorePosition position);

  // Of the instance's trimmed events, which are all those up to `last`, returns the range to report to a reader that
  // stands after `after` in the instance, at `position`; nullopt if they were already reported. They count as reported
  // from now on.
  std::optional<TrimmedRange> TellTrimmed(InstanceNumber number, StorePosition position, Cursor after, Cursor last);
  // Whether the trim of the instance's events up to `last` was already reported.
  bool HasHeardOfTrim(InstanceNumber number, Cursor last) const;
  // Whether events of the instance that were trimmed at `commit` are not a gap to the reader (see StartAtKept).
  bool AsksForKept(InstanceNumber number, CommitPosition commit) const {
    return kept_until_ != CommitPosition() && commit <= kept_until_ && !HasPassed(number);
  }
  // Up to which number the removals of commits (storage/store/forgotten_commits.h) were reported to the reader, or need
  // not be: a reader that asked for kept events needs no report of those before its first read. All up to `last` count
  // as reported from now on.
  uint64_t HearForgettings(uint64_t last);
  // Whether it asked for kept events, and has not read yet.
  bool starts_at_kept() const { return starts_at_kept_; }

  // The reader's cursors in the logs of a list of names, if it stands at `position` of the store.
  const absl::flat_hash_map<uint64_t, Cursor>* CursorsAt(StorePosition position) const;
  void NoteCursors(StorePosition position, absl::flat_hash_map<uint64_t, Cursor> cursors);

 private:
  bool HasPassed(InstanceNumber number) const;

  const std::shared_ptr<const InstanceSelector> selector_;
  absl::flat_hash_map<uint64_t, Known> known_;  // By number.
  absl::flat_hash_map<uint64_t, Cursor> told_;  // By number: up to where trims were reported.
  CommitPosition kept_until_;                   // 0: the reader started after a position, or has passed this commit.
  std::vector<bool> passed_;                    // By number, until `kept_until_`: whether events of the instance were
                                                // passed.
  bool starts_at_kept_ = false;                 // And has not read yet.
  uint64_t forgettings_heard_ = 0;
  StorePosition cursors_at_;
  absl::flat_hash_map<uint64_t, Cursor> cursors_;  // By number.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_MANY_READER_H_
