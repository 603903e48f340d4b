// Fuzz target: Engine.IO sessions, with polls and WebSockets in any order.
#ifndef PLAYHEAD_TESTS_FUZZ_ENGINEIO_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_ENGINEIO_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// Input: acts of clients and of the application, a byte for each and its arguments (Act in the source). Promises: each
// request is answered once, with a documented answer; while a session lasts, what the application sends arrives once,
// complete and in order, over any number of transports; what was acknowledged to a client has reached the application;
// and each session ends once.
void EngineIoSession(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_ENGINEIO_TARGETS_H_
