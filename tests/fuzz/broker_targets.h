// Fuzz targets: requests to a whole broker, from the socket to the disk.
#ifndef PLAYHEAD_TESTS_FUZZ_BROKER_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_BROKER_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// Input: a byte for the caller ('a' is the administrator), a method, a target, header lines, an empty line and the body;
// after a 0x00 byte in the body, messages for the WebSocket that the request opens. Promises: each request is answered
// with a documented status, each refusal has a reason, and the broker keeps serving.
void HttpRoute(absl::string_view bytes);
// Input: up to four gRPC calls. Each is the path of a method, a line end, and messages preceded by their lengths in two
// bytes; 0xffff instead of a length begins the next call. Promises: each call ends with a status that says why, and the
// broker keeps serving.
void GrpcCall(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_BROKER_TARGETS_H_
