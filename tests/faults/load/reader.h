// A reader of one or more logs over some protocol, which checks what it is given.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_READER_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_READER_H_

#include <cstddef>
#include <cstdint>

#include "tests/faults/load/numbered_log.h"
#include "tests/faults/load/tally.h"

namespace playhead::testing {

// Not thread-safe. Blocks; aborts or fails the test if nothing comes for 20 s to 2 minutes, depending on the protocol.
class Reader {
 public:
  virtual ~Reader() = default;

  // Reads the next message or page.
  virtual void Read() = 0;
  // Whether it has read to the end of the log (NumberedLog::last).
  virtual bool done() const = 0;
};

// Checks what a reader gets of one log: events that are out of order, missing or repeated fail the test. Adds each
// event to the tally, with the time since it was offered. Not thread-safe. The log and the tally must outlive it.
class InOrder {
 public:
  // The first event is the one after number `after`.
  InOrder(const NumberedLog& log, Tally& tally, uint64_t after = 0) : log_(&log), tally_(&tally), seen_(after) {}

  void Note(uint64_t number, size_t bytes);
  // The same for an event with this cursor and data. The cursor must be the number in the data.
  void Note(uint64_t cursor, absl::string_view data);
  // Events that came before may now come again, up to the latest one.
  void Repeat() { repeats_ = true; }
  // The log is now read from its beginning again.
  void StartOver() { seen_ = 0; }

  const NumberedLog& log() const { return *log_; }
  Tally& tally() const { return *tally_; }
  uint64_t seen() const { return seen_; }
  bool at_end() const { return seen_ >= log_->last(); }

 private:
  const NumberedLog* log_;
  Tally* tally_;
  uint64_t seen_;
  uint64_t furthest_ = 0;
  bool repeats_ = false;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_READER_H_
