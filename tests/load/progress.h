// The progress of one reader through logs whose events are numbered 1, 2, 3, ... It must get all of them in order, and
// may get an event twice only where its protocol allows that.
#ifndef PLAYHEAD_TESTS_LOAD_PROGRESS_H_
#define PLAYHEAD_TESTS_LOAD_PROGRESS_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace playhead::testing {

enum class Repeats {
  kNever,
  kInOrder,  // After a reconnect, from some event on, in the order of the log.
  kAny,      // At any time, until its settlement was confirmed.
};

// Any violation fails the test and ends the reader. Thread-safe.
class Progress {
 public:
  Progress(std::string reader, const std::vector<std::string>& instances, Repeats repeats);

  // ---- Called by the reader ----

  // From now on no appended event may be missed.
  void NoteReady();
  // The connection has ended; the reader will open another one.
  void NoteReturn();
  // An event was received.
  void Note(absl::string_view instance, uint64_t number);
  // The reader got an error that is final for such a client, or that breaks a promise.
  void Fail(absl::string_view what);
  // Everything was received, or there was a violation.
  bool done() const;
  // Sets a further figure for the report.
  void Remark(std::string remark);

  // ---- Called by the test ----

  // False if that takes longer than kLoadPatience, or the reader failed.
  bool AwaitReady() const;
  // Sets the last number of a log. REQUIRES: that event was not appended yet.
  void EndAt(absl::string_view instance, uint64_t last);
  // Waits until the reader is done. If that takes longer than kLoadPatience, fails the test, naming what is missing,
  // and returns false.
  bool AwaitDone();

  struct Figures {
    uint64_t events = 0;
    uint64_t repeated = 0;
    uint64_t returns = 0;
    std::string remark;
  };
  Figures figures() const;
  const std::string& reader() const { return reader_; }

 private:
  struct Log {
    uint64_t last = 0;    // The highest number received.
    uint64_t before = 0;  // The latest number received on this connection.
    uint64_t end = UINT64_MAX;
  };

  void FailLocked(absl::string_view what) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool DoneLocked() const ABSL_SHARED_LOCKS_REQUIRED(mu_);

  const std::string reader_;
  const Repeats repeats_;
  mutable absl::Mutex mu_;
  std::map<std::string, Log, std::less<>> logs_ ABSL_GUARDED_BY(mu_);
  Figures figures_ ABSL_GUARDED_BY(mu_);
  bool ready_ ABSL_GUARDED_BY(mu_) = false;
  bool failed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_PROGRESS_H_
