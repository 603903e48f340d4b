// ManyReader: one reader over many instances, as the log knows it between its reads. It makes reads cheaper and what
// they tell complete; where the reader stands is not here but in StorePosition.
//
// Memory is bounded: the names of at most kInstancesKnownMax instances, and as many trims, which are all forgotten when
// there are more (names are met again, trims told again); and, while a reader that started without a position is
// catching up, one bit for each instance of the store (1 MiB for 8 million). Not thread-safe: one read at a time, and
// nobody else meanwhile.
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

  // What is known of an instance that was met.
  struct Known {
    bool selected;
    std::string name;  // If it is selected.
  };

  explicit ManyReader(std::shared_ptr<const InstanceSelector> selector) : selector_(std::move(selector)) {}

  const InstanceSelector& selector() const { return *selector_; }

  // nullptr if the instance was not met, or forgotten since. Valid until the next call that is not const.
  const Known* Find(InstanceNumber number) const;
  const Known& Meet(InstanceNumber number, const std::string& name);
  bool Selects(const Instance& instance);

  // The reader did not start behind a position, but at the beginning or a time, when `head` was the last commit. What
  // was trimmed before it first met an instance, up to there, is then no gap: it asked for what is kept.
  void StartAtKept(CommitPosition head) {
    kept_until_ = head;
    starts_at_kept_ = true;
  }
  // Notes that events of the instance up to `position` are behind the reader.
  void NotePassed(InstanceNumber number, StorePosition position);

  // Which of the instance's trimmed events, all those up to `last`, are to be told to a reader that stands behind
  // `after` of it, at `position`; nullopt if it has heard of them. Counts as told from now on.
  std::optional<TrimmedRange> TellTrimmed(InstanceNumber number, StorePosition position, Cursor after, Cursor last);
  // Whether it was told that events of the instance up to `last` were trimmed.
  bool HasHeardOfTrim(InstanceNumber number, Cursor last) const;
  // Whether what was trimmed of the instance at `commit` is no gap to the reader.
  bool AsksForKept(InstanceNumber number, CommitPosition commit) const {
    return kept_until_ != CommitPosition() && commit <= kept_until_ && !HasPassed(number);
  }
  // Up to which number the reader has heard of forgettings of commits (storage/store/forgotten_commits.h), or need not:
  // one that asked for what is kept, of those before its first read. Counts as having heard of all up to `last` from
  // now on.
  uint64_t HearForgettings(uint64_t last);
  // Whether it asked for what is kept and has not read yet.
  bool starts_at_kept() const { return starts_at_kept_; }

  // Where the reader stands in the logs of a list of names, if it stands at `position` of the store.
  const absl::flat_hash_map<uint64_t, Cursor>* CursorsAt(StorePosition position) const;
  void NoteCursors(StorePosition position, absl::flat_hash_map<uint64_t, Cursor> cursors);

 private:
  bool HasPassed(InstanceNumber number) const;

  const std::shared_ptr<const InstanceSelector> selector_;
  absl::flat_hash_map<uint64_t, Known> known_;  // By number.
  absl::flat_hash_map<uint64_t, Cursor> told_;  // By number: up to where trims were told.
  CommitPosition kept_until_;                   // 0: the reader started behind a position, or is beyond it.
  std::vector<bool> passed_;                    // By number, until `kept_until_`: events of it were passed.
  bool starts_at_kept_ = false;                 // And has not read yet.
  uint64_t forgettings_heard_ = 0;
  StorePosition cursors_at_;
  absl::flat_hash_map<uint64_t, Cursor> cursors_;  // By number.
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_MANY_READER_H_
