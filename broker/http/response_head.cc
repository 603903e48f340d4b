#include "broker/http/response_head.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace playhead::broker::http {
namespace {

// A line break in a value would start another header, or the body.
void AppendValue(absl::string_view value, std::string& out) {
  for (const char c : value) out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
}

bool HasCacheControl(const Response& response) {
  return std::any_of(response.headers.begin(), response.headers.end(),
                     [](const ResponseHeader& header) { return absl::EqualsIgnoreCase(header.name, "Cache-Control"); });
}

}  // namespace

void AppendHead(const Response& response, BodyLength length, Persistence persistence, absl::string_view date,
                std::string& out) {
  absl::StrAppend(&out, "HTTP/1.1 ", response.status, " ", StatusText(response.status), "\r\nDate: ", date,
                  "\r\nX-Content-Type-Options: nosniff\r\n");
  if (length == BodyLength::kChunked) out.append("Transfer-Encoding: chunked\r\n");
  if (length == BodyLength::kKnown && HasBody(response.status))
    absl::StrAppend(&out, "Content-Length: ", response.body.size(), "\r\n");
  if (!response.content_type.empty()) absl::StrAppend(&out, "Content-Type: ", response.content_type, "\r\n");
  if (!HasCacheControl(response)) out.append("Cache-Control: no-store\r\n");
  if (persistence == Persistence::kClose) out.append("Connection: close\r\n");
  if (persistence == Persistence::kKeepAlive) out.append("Connection: keep-alive\r\n");
  for (const ResponseHeader& header : response.headers) {
    absl::StrAppend(&out, header.name, ": ");
    AppendValue(header.value, out);
    out.append("\r\n");
  }
  out.append("\r\n");
}

bool HasBody(int status) { return status >= 200 && status != 204 && status != 304; }

absl::string_view DateClock::Now() {
  const absl::Time now = absl::Now();
  const int64_t second = absl::ToUnixSeconds(now);
  if (second != second_) {
    second_ = second;
    text_ = absl::FormatTime("%a, %d %b %Y %H:%M:%S GMT", now, absl::UTCTimeZone());
  }
  return text_;
}

}  // namespace playhead::broker::http
