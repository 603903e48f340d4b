#include "broker/replay/endpoint.h"

#include <algorithm>
#include <boost/asio/ip/address.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"

namespace playhead::broker::replay {
namespace {

absl::Status Invalid(absl::string_view why) {
  return MakeError(Reason::kReplayInvalid, absl::StrCat("the endpoint's URL ", why));
}

absl::string_view View(boost::core::string_view text) { return {text.data(), text.size()}; }

// Whether a server may interpret the path differently from its bytes.
bool IsAmbiguous(absl::string_view path) {
  const std::string lower = absl::AsciiStrToLower(path);
  if (absl::StrContains(lower, "%2e") || absl::StrContains(lower, "%2f") || absl::StrContains(lower, "%5c") ||
      absl::StrContains(lower, "\\")) {
    return true;
  }
  const std::vector<absl::string_view> segments = absl::StrSplit(path, '/');
  return std::any_of(segments.begin(), segments.end(),
                     [](absl::string_view segment) { return segment == "." || segment == ".."; });
}

bool IsLoopbackHost(const std::string& host) {
  if (host == "localhost") return true;
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

}  // namespace

absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view url) {
  if (url.size() > kUrlBytesMax) return Invalid(absl::StrCat("has more than ", kUrlBytesMax, " bytes"));
  const auto parsed = boost::urls::parse_uri({url.data(), url.size()});
  if (parsed.has_error()) return Invalid("is not one: https://HOST[:PORT]/PATH is");
  const boost::urls::url_view view = *parsed;
  Endpoint endpoint;
  const std::string scheme = absl::AsciiStrToLower(View(view.scheme()));
  if (scheme != "http" && scheme != "https") return Invalid("must begin with http:// or https://");
  endpoint.tls = scheme == "https";
  if (view.has_userinfo()) return Invalid("must not have a user or password");
  if (view.has_fragment()) return Invalid("must not have a fragment");
  endpoint.host = absl::AsciiStrToLower(View(view.encoded_host_address()));
  if (endpoint.host.empty() || absl::StrContains(endpoint.host, "%")) return Invalid("must have a host");
  const uint16_t own_port = endpoint.tls ? 443 : 80;
  uint32_t port = own_port;
  if (view.has_port() && !view.port().empty() && !absl::SimpleAtoi(View(view.port()), &port)) port = 0;
  if (port == 0 || port > 65'535) return Invalid("has a port that is none");
  endpoint.port = static_cast<uint16_t>(port);
  endpoint.path = view.encoded_path().empty() ? "/" : std::string(View(view.encoded_path()));
  // Boost.URL parses a port that is not a number as the beginning of the path.
  if (endpoint.path[0] != '/') return Invalid("has a port that is none");
  if (IsAmbiguous(endpoint.path)) return Invalid("has a path that servers read differently: `.`, `..`, %2e, %2f or \\");
  endpoint.target = endpoint.path;
  if (view.has_query()) absl::StrAppend(&endpoint.target, "?", View(view.encoded_query()));
  const bool is_v6 = absl::StrContains(endpoint.host, ":");
  endpoint.host_header = is_v6 ? absl::StrCat("[", endpoint.host, "]") : endpoint.host;
  if (endpoint.port != own_port) absl::StrAppend(&endpoint.host_header, ":", endpoint.port);
  return endpoint;
}

absl::StatusOr<EndpointPolicy> EndpointPolicy::Make(const std::vector<std::string>& prefixes,
                                                    std::function<bool()> allows_loopback) {
  EndpointPolicy policy;
  policy.allows_loopback_ = std::move(allows_loopback);
  for (const std::string& prefix : prefixes) {
    auto endpoint = ParseEndpoint(prefix);
    if (!endpoint.ok()) {
      return absl::InvalidArgumentError(absl::StrCat("replay_endpoints: ", prefix, ": ", endpoint.status().message()));
    }
    if (endpoint->target != endpoint->path) {
      return absl::InvalidArgumentError(absl::StrCat("replay_endpoints: ", prefix, ": a prefix has no query"));
    }
    policy.prefixes_.push_back(*std::move(endpoint));
  }
  return policy;
}

bool EndpointPolicy::HasPrefixOf(const Endpoint& endpoint) const {
  return std::any_of(prefixes_.begin(), prefixes_.end(), [&endpoint](const Endpoint& prefix) {
    if (prefix.tls != endpoint.tls || prefix.host != endpoint.host || prefix.port != endpoint.port) return false;
    absl::string_view rest = endpoint.path;
    if (!absl::ConsumePrefix(&rest, absl::StripSuffix(prefix.path, "/"))) return false;
    return rest.empty() || rest[0] == '/';
  });
}

absl::Status EndpointPolicy::Check(const Endpoint& endpoint) const {
  if (HasPrefixOf(endpoint)) return absl::OkStatus();
  if (allows_loopback_ != nullptr && allows_loopback_() && IsLoopbackHost(endpoint.host)) return absl::OkStatus();
  return MakeError(Reason::kReplayEndpointRefused,
                   absl::StrCat("this broker does not send events to ", endpoint.host_header, endpoint.path,
                                ": --replay_endpoints must let it through"));
}

bool EndpointPolicy::MayUseTls() const {
  return allows_loopback_ != nullptr ||
         std::any_of(prefixes_.begin(), prefixes_.end(), [](const Endpoint& e) { return e.tls; });
}

bool EndpointPolicy::OnlyLoopback(const Endpoint& endpoint) const { return !HasPrefixOf(endpoint); }

}  // namespace playhead::broker::replay
