// Planner: counts what a replay would send, exactly, before anything is sent.
#ifndef PLAYHEAD_BROKER_REPLAY_PLANNER_H_
#define PLAYHEAD_BROKER_REPLAY_PLANNER_H_

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/auth/caller.h"
#include "broker/replay/range.h"
#include "broker/replay/tally.h"
#include "broker/start_position.h"
#include "storage/event_log.h"

namespace playhead::broker::replay {

// Which events, in the words of the request.
struct Selection {
  // By name, without doubles; each is known to be the caller's to replay.
  std::vector<std::string> instances;
  // In place of them: all with this prefix that the caller may replay, but for the broker's own.
  std::optional<std::string> prefix;
  StartPosition start;
  storage::Cursor until;                               // Cursor() for the head.
  storage::Timestamp until_time;                       // Exclusive; Timestamp() for no bound.
  std::shared_ptr<const storage::EventFilter> filter;  // nullptr matches everything that is not hidden.
  std::shared_ptr<Caller> caller;
};

struct Planned {
  std::vector<Range> ranges;  // Those with events, by name of the instance.
  Tally tally;
};

// One bounded read at a time, on the log's threads. Thread safety: Cancel may be called from any thread. Blocking:
// none. Ownership: keeps itself alive until done; borrows `log`.
class Planner : public std::enable_shared_from_this<Planner> {
 public:
  // Fixes the ranges and counts them. `done` runs once, on another thread.
  //   NotFound         INSTANCE_NOT_FOUND: an instance that the selection names.
  //   OutOfRange       CURSOR_TRIMMED, CURSOR_DIVERGED.
  //   InvalidArgument  REPLAY_INVALID: more than kRangesMax instances have events.
  //   DataLoss         a range is not intact.    Cancelled  by Cancel.
  static std::shared_ptr<Planner> Plan(storage::EventLog& log, Selection selection, storage::Callback<Planned> done);

  // Counts ranges that a plan fixed. What was trimmed since is not counted, nor what is of an instance that was
  // deleted.
  static std::shared_ptr<Planner> Recount(storage::EventLog& log, std::vector<Range> ranges,
                                          std::shared_ptr<const storage::EventFilter> filter,
                                          storage::Callback<Planned> done);

  // Ends it at the next read.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  Planner(storage::EventLog& log, Selection selection, storage::Callback<Planned> done)
      : log_(log), selection_(std::move(selection)), done_(std::move(done)) {}

  // Each of these runs after the one before it has ended, so no lock guards the members.
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
  std::deque<Range> waiting_;  // A page of the list at a time.
  Range range_;                // The one that is being counted.
  storage::Cursor position_;   // In it.
  std::shared_ptr<storage::Instance> instance_;
  Planned planned_;
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_PLANNER_H_
