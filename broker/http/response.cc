#include "broker/http/response.h"

#include <algorithm>
#include <boost/beast/http/status.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/error_json.h"
#include "proto/errors.h"

namespace playhead::broker::http {
namespace {

int CanonicalHttpStatus(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kOutOfRange:
      return 400;
    case absl::StatusCode::kUnauthenticated:
      return 401;
    case absl::StatusCode::kPermissionDenied:
      return 403;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kAborted:
      return 409;
    case absl::StatusCode::kResourceExhausted:
      return 429;
    case absl::StatusCode::kCancelled:
      return 499;
    case absl::StatusCode::kUnimplemented:
      return 501;
    case absl::StatusCode::kUnavailable:
      return 503;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    default:
      return 500;
  }
}

}  // namespace

Response TextResponse(int status, std::string text) {
  return {.status = status, .content_type = "text/plain; charset=utf-8", .body = std::move(text)};
}

int HttpStatus(const absl::Status& error) {
  if (HasReason(error, Reason::kMethodNotAllowed)) return 405;
  if (HasReason(error, Reason::kBodyTooLarge)) return 413;
  if (HasReason(error, Reason::kConnectionsLimit)) return 503;
  return CanonicalHttpStatus(error.code());
}

Response JsonError(const absl::Status& error) { return JsonError(error, HttpStatus(error)); }

Response JsonError(const absl::Status& error, int status) {
  const v1::Error facts = ToProto(error);
  Response response;
  response.status = status;
  response.content_type = "application/json";
  response.body = absl::StrCat(R"({"error":)", ErrorJson(facts), "}");
  response.headers.push_back({"error-code", facts.code()});
  response.headers.push_back({"x-retryable", facts.retryable() ? "true" : "false"});
  if (facts.retryable()) {
    const uint64_t seconds = std::max<uint64_t>((facts.retry_after_ms() + 999) / 1000, 1);
    response.headers.push_back({"Retry-After", absl::StrCat(seconds)});
  }
  if (status == 401) response.headers.push_back({"WWW-Authenticate", "Bearer"});
  return response;
}

absl::string_view StatusText(int status) {
  const auto text =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  return {text.data(), text.size()};
}

}  // namespace playhead::broker::http
