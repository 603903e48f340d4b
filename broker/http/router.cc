#include "broker/http/router.h"

#include <boost/beast/http/verb.hpp>
#include <utility>

#include "absl/container/btree_set.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"

namespace playhead::broker::http {
namespace {

bool IsParameter(absl::string_view segment) {
  return segment.size() > 2 && segment.front() == '{' && segment.back() == '}';
}

bool Matches(const Route& route, const std::vector<std::string>& segments) {
  if (route.segments.size() != segments.size()) return false;
  for (size_t i = 0; i < segments.size(); ++i) {
    if (IsParameter(route.segments[i]) ? segments[i].empty() : route.segments[i] != segments[i]) return false;
  }
  return true;
}

// Whether `a` has the literal at the first segment where only one of the two has one. REQUIRES: both match the same
// path.
bool IsMoreSpecific(const Route& a, const Route& b) {
  for (size_t i = 0; i < a.segments.size(); ++i) {
    const bool a_parameter = IsParameter(a.segments[i]);
    if (a_parameter != IsParameter(b.segments[i])) return !a_parameter;
  }
  return false;
}

bool Answers(const Route& route, Verb method) {
  return route.method == method || (method == Verb::head && route.method == Verb::get);
}

absl::string_view Name(Verb method) {
  const auto name = boost::beast::http::to_string(method);
  return {name.data(), name.size()};
}

}  // namespace

void Router::Add(Verb method, absl::string_view pattern, RouteOptions options, Handler handler) {
  routes_.push_back({.method = method,
                     .pattern = std::string(pattern),
                     .segments = absl::StrSplit(pattern.substr(1), '/'),
                     .options = options,
                     .handler = std::move(handler)});
}

Router::Match Router::Find(Verb method, const std::vector<std::string>& segments) const {
  Match match;
  for (const Route& route : routes_) {
    if (!Answers(route, method) || !Matches(route, segments)) continue;
    if (match.route == nullptr || IsMoreSpecific(route, *match.route)) match.route = &route;
  }
  if (match.route == nullptr) {
    match.allow = Allow(segments);
    return match;
  }
  for (size_t i = 0; i < segments.size(); ++i) {
    const absl::string_view name = match.route->segments[i];
    if (IsParameter(name)) {
      match.path_parameters.push_back({std::string(name.substr(1, name.size() - 2)), segments[i]});
    }
  }
  return match;
}

std::string Router::Allow(const std::vector<std::string>& segments) const {
  absl::btree_set<absl::string_view> methods;
  for (const Route& route : routes_) {
    if (!Matches(route, segments)) continue;
    methods.insert(Name(route.method));
    if (route.method == Verb::get) methods.insert("HEAD");
  }
  return absl::StrJoin(methods, ", ");
}

}  // namespace playhead::broker::http
