// The only writer of a log, over some protocol.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_WRITER_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_WRITER_H_

#include "tests/faults/load/numbered_log.h"
#include "tests/faults/load/tally.h"

namespace playhead::testing {

// Offers the log's next event, or next few events, until they are stored, and then continues with those that follow.
// Adds each attempt to the tally. Not thread-safe. Blocks. The log and the tally must outlive it.
class Writer {
 public:
  Writer(NumberedLog& log, Tally& tally) : log_(log), tally_(tally) {}
  virtual ~Writer() = default;
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;

  // Makes one attempt. True if the broker accepted it; otherwise the next attempt offers the same events.
  virtual bool Offer() = 0;
  // Waits until the outcome of all attempts is known. Fails the test if that takes longer than a minute.
  virtual void Settle() = 0;
  // How many events one attempt has.
  virtual uint64_t batch() const { return 1; }

  NumberedLog& log() { return log_; }
  Tally& tally() { return tally_; }

 protected:
  NumberedLog& log_;
  Tally& tally_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_WRITER_H_
