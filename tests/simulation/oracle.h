// Oracle: what must be true of a store whatever happened to it, by what was asked of it and what it answered. It knows
// nothing of how storage works.
//
// A rule that is broken is noted, not asserted, so that a test may expect a planted bug to be found.
#ifndef PLAYHEAD_TESTS_SIMULATION_ORACLE_H_
#define PLAYHEAD_TESTS_SIMULATION_ORACLE_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "storage/event_log.h"
#include "tests/storage/log_harness.h"

namespace playhead::storage {

// Which event of which run of appends: the data of each event says so, so that an event tells where it belongs.
struct EventName {
  std::string instance;
  uint64_t life = 0;     // Of the name: rises with each deletion.
  uint64_t session = 0;  // Appends of one session keep their order.
  uint64_t number = 0;   // Of the session's events of this instance and life, from 1.

  friend auto operator<=>(const EventName&, const EventName&) = default;
};

std::string WriteName(const EventName& name);
// nullopt if the data does not begin with a name.
std::optional<EventName> ReadName(absl::string_view data);

// What a store answered when it was asked for all of an instance.
struct Recovered {
  bool exists = false;
  LogBounds bounds;
  std::vector<TestEvent> events;
};

// Thread safety: all methods may be called from any thread.
class Oracle {
 public:
  // About to be asked for, and answered with success.
  void OnSubmitted(const std::string& instance, const std::vector<TestEvent>& events) ABSL_LOCKS_EXCLUDED(mu_);
  void OnAppended(const std::string& instance, const std::vector<TestEvent>& events, const AppendResult& result)
      ABSL_LOCKS_EXCLUDED(mu_);
  void OnTrimming(const std::string& instance, Cursor first_kept) ABSL_LOCKS_EXCLUDED(mu_);
  void OnTrimmed(const std::string& instance, Cursor first_kept) ABSL_LOCKS_EXCLUDED(mu_);
  void OnErasing(const std::string& instance, Cursor cursor) ABSL_LOCKS_EXCLUDED(mu_);
  void OnErased(const std::string& instance, Cursor cursor) ABSL_LOCKS_EXCLUDED(mu_);
  // From OnDeleting to OnDeleted nothing is asked of the instance, and it may be there or not.
  void OnDeleting(const std::string& instance) ABSL_LOCKS_EXCLUDED(mu_);
  void OnDeleted(const std::string& instance) ABSL_LOCKS_EXCLUDED(mu_);
  void OnRecordWriting(const std::string& key, uint64_t value) ABSL_LOCKS_EXCLUDED(mu_);
  void OnRecordWritten(const std::string& key, uint64_t value) ABSL_LOCKS_EXCLUDED(mu_);

  // A moment: what was answered before it must be seen by whoever asks behind it.
  struct Moment {
    std::set<std::pair<std::string, uint64_t>> acknowledged;  // Instance and cursor.
    std::map<std::string, uint64_t> records;
  };
  Moment Now() const ABSL_LOCKS_EXCLUDED(mu_);

  // What an instance holds, asked for behind `moment`:
  //  - every acknowledged event is there, with the bytes that were appended, unless it was asked to be gone;
  //  - nothing is there that was not appended to this life of the instance, and nothing twice;
  //  - cursors have no holes, and none has ever been another event's;
  //  - of each session what is there is what it submitted first, in that order, with no hole;
  //  - what was answered as trimmed or erased is gone.
  void CheckLog(const Moment& moment, const std::string& instance, const Recovered& found) ABSL_LOCKS_EXCLUDED(mu_);
  // What part of an instance could be read although the disk has rotted: each event is what it always was.
  void CheckBytes(const std::string& instance, const std::vector<TestEvent>& events) ABSL_LOCKS_EXCLUDED(mu_);
  // Each record has the last value that was acknowledged, or a later one that was asked for.
  void CheckRecords(const Moment& moment, const std::map<std::string, uint64_t>& found) ABSL_LOCKS_EXCLUDED(mu_);

  void Violation(std::string what) ABSL_LOCKS_EXCLUDED(mu_);
  std::vector<std::string> violations() const ABSL_LOCKS_EXCLUDED(mu_);
  uint64_t acknowledged_count() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Log {
    bool deleting = false;
    uint64_t life = 0;
    std::map<EventName, TestEvent> submitted;
    std::map<uint64_t, std::string> known;  // Data of each cursor that was ever acknowledged or read, in any life.
    std::set<uint64_t> acknowledged;        // Cursors, of this life.
    std::set<uint64_t> erasing;
    std::set<uint64_t> erased;
    uint64_t may_be_trimmed = 0;  // Below this.
    uint64_t trimmed = 0;         // Below this it is.
  };

  void Note(std::string what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CheckEvent(Log& log, const std::string& instance, const TestEvent& event) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void CheckOrder(const std::string& instance, const Log& log, const Recovered& found)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  mutable absl::Mutex mu_;  // Guards the members below it.
  std::map<std::string, Log> logs_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, uint64_t> records_asked_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, uint64_t> records_acknowledged_ ABSL_GUARDED_BY(mu_);
  std::vector<std::string> violations_ ABSL_GUARDED_BY(mu_);
  uint64_t acknowledged_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_ORACLE_H_
