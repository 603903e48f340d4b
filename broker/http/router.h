// Which handler answers a request.
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

// Answers a request, then or later. Runs on an I/O thread, on several at once, and must not block.
using Handler = absl::AnyInvocable<void(Request, Responder) const>;

struct RouteOptions {
  // A longer body is refused (BODY_TOO_LARGE) without being read.
  size_t body_bytes_max = 0;
  // Servers call it, not browsers, and it is protected by other means: Host and Origin are not looked at.
  bool server_to_server = false;
  // Pages of the origins that the operator allows may use it (broker/http/cors.h).
  bool cross_origin = false;
};

struct Route {
  Verb method;
  std::string pattern;
  std::vector<std::string> segments;  // Of the pattern.
  RouteOptions options;
  Handler handler;
};

// Thread safety: routes are added before the router is used; from then on it may be used from any thread.
class Router {
 public:
  // `pattern` is a path in which a whole segment may be {name}: "/v1/instances/{name}/events". It stands for any
  // segment that is not empty; a pattern that spells the segment out comes first. A route for GET answers HEAD too.
  // REQUIRES: no route of this method has the same pattern.
  void Add(Verb method, absl::string_view pattern, RouteOptions options, Handler handler);

  struct Match {
    const Route* route = nullptr;  // nullptr if nothing answers the method at this path.
    std::vector<Parameter> path_parameters;
    // The methods of this path, for `Allow`, as "GET, HEAD, POST". Only set if there is no route; empty if there is
    // nothing at the path at all.
    std::string allow;
  };
  Match Find(Verb method, const std::vector<std::string>& segments) const;

  // In the order in which they were added. Addresses stay.
  const std::deque<Route>& routes() const { return routes_; }

 private:
  std::string Allow(const std::vector<std::string>& segments) const;

  std::deque<Route> routes_;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_ROUTER_H_
