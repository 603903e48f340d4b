// Which web pages of other origins may use the routes that are meant for pages: cross-origin resource sharing, as
// the Fetch standard (3.2) has it. Without a setting there are none.
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
  CorsOrigins() = default;  // None.

  // `origins`: each `https://app.example` or `http://localhost:3000`, as browsers send them; or `*`, for every page.
  // InvalidArgument for anything else: a path, a trailing slash, no scheme.
  static absl::StatusOr<CorsOrigins> Make(absl::Span<const std::string> origins);

  bool Allow(absl::string_view origin) const { return all_ || origins_.contains(origin); }

 private:
  bool all_ = false;
  absl::flat_hash_set<std::string> origins_;
};

// Lets a page of `origin` read `response`.
void AllowOrigin(absl::string_view origin, Response& response);

// The answer, but for AllowOrigin, to a browser that asks whether a page may send a request: it may, with `methods`, as
// in `Allow`, and with the headers it wants to.
Response PreflightResponse(absl::string_view methods, absl::string_view wanted_headers);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_CORS_H_
