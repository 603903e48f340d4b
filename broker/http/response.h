// An HTTP response as a handler makes it, and errors in the contract's vocabulary.
#ifndef PLAYHEAD_BROKER_HTTP_RESPONSE_H_
#define PLAYHEAD_BROKER_HTTP_RESPONSE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http {

struct ResponseHeader {
  absl::string_view name;  // A literal.
  std::string value;       // Control characters in it are sent as blanks.
};

// The connection adds what is its own: Date, Content-Length, Connection, `X-Content-Type-Options: nosniff`, and
// `Cache-Control: no-store` unless `headers` has a Cache-Control.
struct Response {
  int status = 200;
  std::string content_type;  // None is sent if it is empty.
  std::string body;
  std::vector<ResponseHeader> headers;
};

// `text` as text/plain in UTF-8.
Response TextResponse(int status, std::string text);

// The HTTP status of an error: that of its canonical code as google/rpc/code.proto pairs them, but 405, 413 and 503 for
// METHOD_NOT_ALLOWED, BODY_TOO_LARGE and CONNECTIONS_LIMIT. REQUIRES: not Ok.
int HttpStatus(const absl::Status& error);

// {"error":...} as ErrorJson (proto/error_json.h) with HttpStatus, or the status given, and the headers `error-code`
// and `x-retryable`. A retryable refusal asks to wait a second (Retry-After), and a 401 names the scheme. REQUIRES: not
// Ok.
Response JsonError(const absl::Status& error);
Response JsonError(const absl::Status& error, int status);

// The reason phrase of a status line.
absl::string_view StatusText(int status);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_RESPONSE_H_
