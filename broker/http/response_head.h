// A response's status line and headers, as bytes.
#ifndef PLAYHEAD_BROKER_HTTP_RESPONSE_HEAD_H_
#define PLAYHEAD_BROKER_HTTP_RESPONSE_HEAD_H_

#include <string>

#include "absl/strings/string_view.h"
#include "broker/http/response.h"

namespace playhead::broker::http {

// What the `Connection` header says.
enum class Persistence {
  kDefault,    // HTTP/1.1 and staying open: nothing.
  kKeepAlive,  // HTTP/1.0 and staying open.
  kClose,
};

// How the client knows where the body ends (RFC 9112, 6.3).
enum class BodyLength {
  kKnown,       // response.body is all of it.
  kChunked,     // It comes in chunks.
  kUntilClose,  // With the connection; for HTTP/1.0.
};

// Appends to `out` everything up to the empty line, that included. `date` is the Date header's value.
void AppendHead(const Response& response, BodyLength length, Persistence persistence, absl::string_view date,
                std::string& out);

// Whether responses of this status have a body, and so a length (RFC 9110, 8.6).
bool HasBody(int status);

// The Date header's value of now, formatted once a second. Not thread-safe: one for each thread.
class DateClock {
 public:
  absl::string_view Now();

 private:
  int64_t second_ = -1;
  std::string text_;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_RESPONSE_HEAD_H_
