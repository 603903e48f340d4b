// Start: where reading begins.
#ifndef PLAYHEAD_CLIENT_START_H_
#define PLAYHEAD_CLIENT_START_H_

#include <cstdint>

#include "playhead/v1/event_log.pb.h"

namespace playhead {

// A value. The default is After(0): the whole log, or CURSOR_TRIMMED if a part of it is gone.
class Start {
 public:
  Start() { proto_.set_after_cursor(0); }

  // After this cursor: the usual way to resume. 0 means "seen nothing".
  static Start After(uint64_t cursor) {
    Start start;
    start.proto_.set_after_cursor(cursor);
    return start;
  }
  // At the first kept event, whatever was trimmed.
  static Start Beginning() {
    Start start;
    start.proto_.mutable_beginning();
    return start;
  }
  // After the last event: only events that are appended from now on.
  static Start Now() {
    Start start;
    start.proto_.mutable_now();
    return start;
  }
  // At the first event appended at or after this time (microseconds since the Unix epoch).
  static Start Time(int64_t appended_at_us) {
    Start start;
    start.proto_.set_time(appended_at_us);
    return start;
  }

  const v1::Start& proto() const { return proto_; }

 private:
  v1::Start proto_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_START_H_
