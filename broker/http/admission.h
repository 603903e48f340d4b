// Decides about a request once its header has been read: which route it is for, or the answer if it is for none.
#ifndef PLAYHEAD_BROKER_HTTP_ADMISSION_H_
#define PLAYHEAD_BROKER_HTTP_ADMISSION_H_

#include <boost/beast/http/fields.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/http/caller_check.h"
#include "broker/http/cors.h"
#include "broker/http/response.h"
#include "broker/http/router.h"
#include "broker/http/target.h"

namespace playhead::broker::http {

// The header as it was read.
struct RequestHead {
  Verb method = Verb::unknown;
  absl::string_view target;
  const boost::beast::http::fields& headers;
  bool has_body = false;
};

struct Admission {
  Target target;
  const Route* route = nullptr;  // Also set for a refused request, if there is one.
  std::vector<Parameter> path_parameters;
  std::string page_origin;         // Of a page of another origin that may use the route; else empty.
  std::optional<Response> answer;  // Instead of the route's: to a browser's preflight, or for `error`.
  absl::Status error;
};

// The errors that are answered:
//   403  ORIGIN_REFUSED: as CheckCaller, if the broker `runs_open` and the route is not for servers.
//   404  ROUTE_NOT_FOUND.
//   405  METHOD_NOT_ALLOWED, with `Allow`.
// Returned as an error, since such a request has no path:
//   InvalidArgument  MALFORMED_REQUEST: the target, as ParseTarget.
// A pure function. The admission refers to `router`.
absl::StatusOr<Admission> Admit(const RequestHead& head, const Router& router, const CorsOrigins& cors_origins,
                                const LocalAddress& local, bool runs_open);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_ADMISSION_H_
