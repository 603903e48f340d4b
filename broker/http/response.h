// An HTTP response as a handler creates it, and errors in the vocabulary of the API.
#ifndef PLAYHEAD_BROKER_HTTP_RESPONSE_H_
#define PLAYHEAD_BROKER_HTTP_RESPONSE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http {

struct ResponseHeader {
  absl::string_view name;  // Must be a literal.
  std::string value;       // Control characters in it are sent as spaces.
};

// The connection adds Date, Content-Length, Connection, `X-Content-Type-Options: nosniff`, and `Cache-Control:
// no-store` unless `headers` has a Cache-Control.
struct Response {
  int status = 200;
  std::string content_type;  // Not sent if empty.
  std::string body;
  std::vector<ResponseHeader> headers;
};

// `text` as text/plain in UTF-8.
Response TextResponse(int status, std::string text);

// The HTTP status of an error: that of its canonical code as google/rpc/code.proto pairs them, except 405, 413 and 503
// for METHOD_NOT_ALLOWED, BODY_TOO_LARGE and CONNECTIONS_LIMIT. REQUIRES: not OK.
int HttpStatus(const absl::Status& error);

// {"error":...} as ErrorJson (proto/error_json.h) with HttpStatus, or with `status`, and the headers `error-code` and
// `x-retryable`. A retryable refusal has Retry-After, of at least a second, and a 401 names the scheme. REQUIRES: not
// OK.
Response JsonError(const absl::Status& error);
Response JsonError(const absl::Status& error, int status);

// The reason phrase of a status line.
absl::string_view StatusText(int status);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_RESPONSE_H_
