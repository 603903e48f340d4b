#include "broker/http/cors.h"

#include "absl/strings/str_cat.h"

namespace playhead::broker::http {
namespace {

constexpr int kNoContent = 204;
// How long a browser may cache the answer, in seconds.
constexpr absl::string_view kPreflightAge = "600";

bool IsOrigin(absl::string_view text) {
  const size_t scheme_end = text.find("://");
  if (scheme_end == 0 || scheme_end == absl::string_view::npos) return false;
  const absl::string_view authority = text.substr(scheme_end + 3);
  return !authority.empty() && authority.find_first_of("/?#@ *,") == absl::string_view::npos;
}

}  // namespace

absl::StatusOr<CorsOrigins> CorsOrigins::Make(absl::Span<const std::string> origins) {
  CorsOrigins out;
  for (const std::string& origin : origins) {
    if (origin == "*") {
      out.all_ = true;
    } else if (IsOrigin(origin)) {
      out.origins_.insert(origin);
    } else {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", origin, "\" is no origin: scheme://host or scheme://host:port, without a path; or *"));
    }
  }
  return out;
}

void AllowOrigin(absl::string_view origin, Response& response) {
  response.headers.push_back({"Access-Control-Allow-Origin", std::string(origin)});
  response.headers.push_back({"Access-Control-Expose-Headers", "error-code, x-retryable, Retry-After"});
  response.headers.push_back({"Vary", "Origin"});
}

Response PreflightResponse(absl::string_view methods, absl::string_view wanted_headers) {
  Response response{.status = kNoContent};
  response.headers.push_back({"Access-Control-Allow-Methods", std::string(methods)});
  if (!wanted_headers.empty()) {
    // `*` would not include Authorization. Any header may be allowed: handlers ignore those that they do not know.
    response.headers.push_back({"Access-Control-Allow-Headers", std::string(wanted_headers)});
  }
  response.headers.push_back({"Access-Control-Max-Age", std::string(kPreflightAge)});
  return response;
}

}  // namespace playhead::broker::http
