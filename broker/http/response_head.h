// Formats a response's status line and headers.
#ifndef PLAYHEAD_BROKER_HTTP_RESPONSE_HEAD_H_
#define PLAYHEAD_BROKER_HTTP_RESPONSE_HEAD_H_

#include <string>

#include "absl/strings/string_view.h"
#include "broker/http/response.h"

namespace playhead::broker::http {

// The value of the `Connection` header.
enum class Persistence {
  kDefault,    // HTTP/1.1, stays open: no header.
  kKeepAlive,  // HTTP/1.0, stays open.
  kClose,
};

// How the client finds the end of the body (RFC 9112, 6.3).
enum class BodyLength {
  kKnown,       // response.body is all of it.
  kChunked,     // The body is sent in chunks.
  kUntilClose,  // The body ends with the connection; for HTTP/1.0.
};

// Appends everything up to and including the empty line to `out`. `date` is the Date header's value.
void AppendHead(const Response& response, BodyLength length, Persistence persistence, absl::string_view date,
                std::string& out);

// Whether responses of this status have a body, and so a length (RFC 9110, 8.6).
bool HasBody(int status);

// The current value of the Date header, formatted once a second. Not thread-safe: one for each thread.
class DateClock {
 public:
  absl::string_view Now();

 private:
  int64_t second_ = -1;
  std::string text_;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_RESPONSE_HEAD_H_
