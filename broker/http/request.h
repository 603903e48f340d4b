// An HTTP request as a handler receives it: decoded, complete and owned by the handler.
#ifndef PLAYHEAD_BROKER_HTTP_REQUEST_H_
#define PLAYHEAD_BROKER_HTTP_REQUEST_H_

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/verb.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/http/target.h"

namespace playhead::broker::http {

using Verb = boost::beast::http::verb;

// Memory: bounded by Limits::http_header_bytes_max and the route's body_bytes_max. Thread safety: as a plain struct.
struct Request {
  Verb method = Verb::unknown;
  std::string path;                        // Decoded: may contain any byte, so it is for people, not for decisions.
  std::vector<Parameter> query;            // Decoded, in the order of the query string; names may repeat.
  std::vector<Parameter> path_parameters;  // Decoded: the segments that match {name} in the route's pattern.
  boost::beast::http::fields headers;      // Names are case-insensitive.
  std::string body;                        // Without the transfer coding; byte for byte what a signature covers.
  std::string peer;                        // ADDRESS:PORT of the client, or of the proxy in front of it.
  bool secure = false;                     // Whether it came over TLS.

  // The value of the first header with this name, without surrounding whitespace; nullopt if there is none.
  std::optional<absl::string_view> Header(absl::string_view name) const;

  // The first query parameter of this name; nullopt if there is none.
  std::optional<absl::string_view> Query(absl::string_view name) const;

  // The segment that matched {name} in the path. REQUIRES: the route's pattern has {name}.
  absl::string_view PathParameter(absl::string_view name) const;

  // The secret of `Authorization: Bearer <secret>`; empty if the header is absent or has another scheme.
  absl::string_view BearerSecret() const;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_REQUEST_H_
