// Cross-origin resource sharing (Fetch standard, 3.2): which pages of other origins may use the routes that are meant
// for pages. Without configuration there are none.
#ifndef PLAYHEAD_BROKER_HTTP_CORS_H_
#define PLAYHEAD_BROKER_HTTP_CORS_H_

#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/http/response.h"

namespace playhead::broker::http {

// Immutable; thread-safe.
class CorsOrigins {
 public:
  CorsOrigins() = default;  // No origins.

  // `origins`: each `https://app.example` or `http://localhost:3000`, as browsers send them; or `*`, for every page.
  // InvalidArgument for anything else: a path, a trailing slash, no scheme.
  static absl::StatusOr<CorsOrigins> Make(absl::Span<const std::string> origins);

  bool Allow(absl::string_view origin) const { return all_ || origins_.contains(origin); }

 private:
  bool all_ = false;
  absl::flat_hash_set<std::string> origins_;
};

// Adds the headers that let a page of `origin` read `response`.
void AllowOrigin(absl::string_view origin, Response& response);

// The answer to a browser's preflight, without AllowOrigin: a page may send a request with `methods`, in the form of
// `Allow`, and with the headers that it wants.
Response PreflightResponse(absl::string_view methods, absl::string_view wanted_headers);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_CORS_H_
