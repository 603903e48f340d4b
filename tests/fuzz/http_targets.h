// Fuzz targets: HTTP requests, from their bytes to their parameters, and the URLs that the broker itself posts to.
#ifndef PLAYHEAD_TESTS_FUZZ_HTTP_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_HTTP_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// What is read as the target of an HTTP request means the same when it is written again, and routes by its segments.
void HttpTarget(absl::string_view bytes);
// The bytes of a connection are cut into the same requests however they arrive.
void HttpRequest(absl::string_view bytes);
// The parameters of a target are what it says, within their bounds.
void HttpParameters(absl::string_view bytes);
// What is read as an address to send events to is one, the same when it is written again, and goes where the operator
// lets it.
void Endpoint(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_HTTP_TARGETS_H_
