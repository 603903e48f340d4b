// Writers and readers of every protocol at once on one broker, which may stop and start as often as the test likes.
#ifndef PLAYHEAD_TESTS_LOAD_LOAD_H_
#define PLAYHEAD_TESTS_LOAD_LOAD_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "tests/load/place.h"
#include "tests/load/progress.h"
#include "tests/load/writers.h"

namespace playhead::testing {

// Any violation fails the test. Not thread-safe.
class Load {
 public:
  // Starts all writers and readers. REQUIRES: a broker with an empty store serves at `place`.
  explicit Load(Place place);
  ~Load();  // Calls Finish() unless that was called.
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  // Waits until `more` further events were acknowledged. False if that takes longer than kLoadPatience.
  bool AwaitAcknowledged(uint64_t more) ABSL_LOCKS_EXCLUDED(mu_);

  // Stops the writers, waits until every reader has everything, and compares the store with what was acknowledged: each
  // event once, in order. Prints the figures of each reader. Returns how many events were acknowledged.
  // REQUIRES: a broker serves.
  uint64_t Finish();

 private:
  void Write(Writer& writer);
  void NoteAcknowledged() ABSL_LOCKS_EXCLUDED(mu_);
  // Expects that the instance has exactly the events 1 to `count`, each at the cursor with its number.
  void ExpectStored(const std::string& instance, uint64_t count) const;

  const Place place_;
  std::vector<std::unique_ptr<Writer>> writers_;
  std::vector<std::unique_ptr<Progress>> readers_;
  std::vector<std::thread> writing_;
  std::vector<std::thread> reading_;
  std::atomic<bool> stop_ = false;
  absl::Mutex mu_;
  uint64_t acknowledged_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_LOAD_H_
