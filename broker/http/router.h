// Finds the handler for a request.
#ifndef PLAYHEAD_BROKER_HTTP_ROUTER_H_
#define PLAYHEAD_BROKER_HTTP_ROUTER_H_

#include <cstddef>
#include <deque>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http/target.h"

namespace playhead::broker::http {

// Answers a request, at once or later. Runs on I/O threads, on several at a time, and must not block.
using Handler = absl::AnyInvocable<void(Request, Responder) const>;

struct RouteOptions {
  // A longer body is refused (BODY_TOO_LARGE).
  size_t body_bytes_max = 0;
  // Called by servers, not by browsers, and protected by other means: Host and Origin are not checked.
  bool server_to_server = false;
  // Pages of origins that the operator allows may use it (broker/http/cors.h).
  bool cross_origin = false;
};

struct Route {
  Verb method;
  std::string pattern;
  std::vector<std::string> segments;  // The segments of the pattern.
  RouteOptions options;
  Handler handler;
};

// Thread safety: routes are added before the router is used; after that it may be used from any thread.
class Router {
 public:
  // `pattern` is a path in which a whole segment may be {name}: "/v1/instances/{name}/events". It matches any segment
  // that is not empty; a pattern with the literal segment takes precedence. A route for GET also answers HEAD.
  // REQUIRES: no route of this method has the same pattern.
  void Add(Verb method, absl::string_view pattern, RouteOptions options, Handler handler);

  struct Match {
    const Route* route = nullptr;  // nullptr if no route has this method and path.
    std::vector<Parameter> path_parameters;
    // The methods of this path, for `Allow`, as "GET, HEAD, POST". Only set if there is no route; empty if the path has
    // no routes at all.
    std::string allow;
  };
  Match Find(Verb method, const std::vector<std::string>& segments) const;

  // In the order in which they were added. Their addresses are stable.
  const std::deque<Route>& routes() const { return routes_; }

 private:
  std::string Allow(const std::vector<std::string>& segments) const;

  std::deque<Route> routes_;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_ROUTER_H_
