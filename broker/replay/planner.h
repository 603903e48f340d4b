// Planner: counts exactly the events that a replay would send, before anything is sent.
#ifndef PLAYHEAD_BROKER_REPLAY_PLANNER_H_
#define PLAYHEAD_BROKER_REPLAY_PLANNER_H_

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/auth/caller.h"
#include "broker/read/start_position.h"
#include "broker/replay/range.h"
#include "broker/replay/tally.h"
#include "storage/event_log.h"

namespace playhead::broker::replay {

// The events to replay, as the request selects them.
struct Selection {
  // Sorted by name, without duplicates; it was checked that the caller may replay each.
  std::vector<std::string> instances;
  // Used instead of names: all instances with this prefix that the caller may replay, except the broker's own.
  std::optional<std::string> prefix;
  StartPosition start;
  storage::Cursor until;                               // Cursor() for the head.
  storage::Timestamp until_time;                       // Exclusive; Timestamp() for no bound.
  std::shared_ptr<const storage::EventFilter> filter;  // nullptr matches everything that is not hidden.
  std::shared_ptr<Caller> caller;
};

struct Planned {
  std::vector<Range> ranges;  // The ranges with events, by name of the instance.
  Tally tally;
};

// One bounded read at a time, on the log's threads.
// Thread safety: Cancel may be called from any thread.   Blocking: none.
// Ownership: keeps itself alive until done; borrows `log`.
class Planner : public std::enable_shared_from_this<Planner> {
 public:
  // Fixes the ranges and counts them. `done` runs once, on another thread.
  //   NotFound         INSTANCE_NOT_FOUND: an instance that the selection names.
  //   OutOfRange       CURSOR_TRIMMED, CURSOR_DIVERGED.
  //   InvalidArgument  REPLAY_INVALID: more than kRangesMax instances have events.
  //  DataLoss         a range is damaged.    Cancelled  Cancel was called.
  static std::shared_ptr<Planner> Plan(storage::EventLog& log, Selection selection, storage::Callback<Planned> done);

  // Counts the ranges of a plan. Events that were trimmed since, or whose instance was deleted, are not counted.
  static std::shared_ptr<Planner> Recount(storage::EventLog& log, std::vector<Range> ranges,
                                          std::shared_ptr<const storage::EventFilter> filter,
                                          storage::Callback<Planned> done);

  // Ends the planner at its next read.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  Planner(storage::EventLog& log, Selection selection, storage::Callback<Planned> done)
      : log_(log), selection_(std::move(selection)), done_(std::move(done)) {}

  // Each of these runs after the previous one has ended, so the members need no lock.
  void List();
  void OnListed(absl::StatusOr<std::vector<storage::InstanceInfo>> rows);
  void NextRange();
  void OnOpened(absl::StatusOr<std::shared_ptr<storage::Instance>> instance);
  void OnStart(absl::StatusOr<storage::Cursor> after);
  void SetEnd(storage::Cursor last);
  void Read();
  void OnRead(absl::StatusOr<storage::ReadResult> result);
  void EndRange();
  void Finish(absl::Status status);

  storage::EventLog& log_;
  const Selection selection_;
  storage::Callback<Planned> done_;
  std::atomic<bool> cancelled_ = false;

  bool ranges_are_fixed_ = false;
  bool listed_all_ = true;
  std::string listed_up_to_;
  std::deque<Range> waiting_;  // Ranges still to be counted: the fixed or named ones, or a page of the list.
  Range range_;                // The range being counted.
  storage::Cursor position_;   // Everything of the range up to here was counted.
  std::shared_ptr<storage::Instance> instance_;
  Planned planned_;
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_PLANNER_H_
