// ReaderView: what one reader was told about one instance. The oracle checks each message as it comes. For a reader
// with a filter, the view itself checks that no event that passes the filter is missing.
#ifndef PLAYHEAD_TESTS_BROKER_READ_SIMULATION_READER_VIEW_H_
#define PLAYHEAD_TESTS_BROKER_READ_SIMULATION_READER_VIEW_H_

#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/types/span.h"
#include "storage/block.h"
#include "storage/event_filter.h"
#include "storage/event_log.h"
#include "tests/simulation/ledger.h"
#include "tests/simulation/oracle.h"
#include "tests/storage/log_harness.h"

namespace playhead::broker {

// Not thread-safe.   Ownership: borrows the oracle.
class ReaderView {
 public:
  // `asks_for_kept`: the reader is not told of events that were trimmed before it read them. `filter`: nullptr if it
  // wants all events.
  ReaderView(storage::Oracle& oracle, std::string instance, std::shared_ptr<const storage::EventFilter> filter,
             bool asks_for_kept)
      : oracle_(oracle), instance_(std::move(instance)), filter_(std::move(filter)), asks_for_kept_(asks_for_kept) {
    BeginLife(0);
  }

  const std::string& instance() const { return instance_; }
  uint64_t life() const { return place_.life; }
  storage::Cursor last() const { return place_.last; }
  uint64_t given() const { return given_count_; }  // Events, in all lives.
  storage::Place& place() { return place_; }

  // Starts a new life, of which nothing was told yet.
  void BeginLife(uint64_t life);
  // The reader starts after `cursor`, and does not want what comes before.
  void BeginBehind(storage::Cursor cursor);

  // The reader, which asked at `asked_at`, was given events: all that it wants up to `last`. Returns them decoded.
  std::vector<storage::TestEvent> OnGiven(const storage::Moment& asked_at, absl::Span<const storage::BlockSlice> slices,
                                          uint32_t event_count, size_t bytes, storage::Cursor last);
  // The reader was told that there is nothing for it up to `cursor`.
  void OnPassed(storage::Cursor cursor);
  // The reader was told that `event_count` events, those in (after, last], are gone.
  void OnGone(const storage::Moment& asked_at, storage::Cursor after, storage::Cursor last, uint64_t event_count);
  // The same for everything up to `last`, without a count.
  void OnGoneUpTo(const storage::Moment& asked_at, storage::Cursor last);

  // Checks that everything that was acknowledged at `moment` has come.
  void CheckAllCame(const storage::Moment& moment);
  // The same for events before the position that the reader has reached. Checks nothing without a filter.
  void CheckNoneMissing(const storage::Moment& moment) { CheckWanted(moment, place_.last); }

 private:
  // With a filter: checks that every wanted event that was acknowledged at `moment`, up to `until`, has come.
  void CheckWanted(const storage::Moment& moment, storage::Cursor until);

  storage::Oracle& oracle_;
  const std::string instance_;
  const std::shared_ptr<const storage::EventFilter> filter_;
  const bool asks_for_kept_;
  storage::Place place_;
  uint64_t given_count_ = 0;
  // With a filter.
  storage::Cursor begin_;  // It wants events after this.
  std::set<uint64_t> given_;
  std::vector<std::pair<storage::Cursor, storage::Cursor>> gone_;  // (after, last]
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_TESTS_BROKER_READ_SIMULATION_READER_VIEW_H_
