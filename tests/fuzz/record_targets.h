// Fuzz target: what the broker reads from its own disk when it starts.
#ifndef PLAYHEAD_TESTS_FUZZ_RECORD_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_RECORD_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// Which kind of record, in the first byte, and its value: what is not refused as damaged is sound, and that of a
// consumer or session reads the same when it is written again. `bytes` are one of:
//   0 the configuration of a consumer   1 its state       2 an event of its parked list   3 a session of Socket.IO
//   4 a key                             5 limits          6 a replay                      7 the ranges of one
//   8 a retention policy                9 any session     10 the events that VZaps' clients find set
//   11 a webhook's secret               12 a signing key
void BrokerRecord(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_RECORD_TARGETS_H_
