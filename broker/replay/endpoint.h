// The addresses to which events are sent, and the policy for them.
#ifndef PLAYHEAD_BROKER_REPLAY_ENDPOINT_H_
#define PLAYHEAD_BROKER_REPLAY_ENDPOINT_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::replay {

struct Endpoint {
  bool tls = false;
  std::string host;  // In lower case; an IPv6 address without brackets.
  uint16_t port = 0;
  std::string path;         // Begins with a slash.
  std::string target;       // The path and the query, as in a request line.
  std::string host_header;  // HOST, or HOST:PORT if the port is not the scheme's default.

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

inline constexpr size_t kUrlBytesMax = 2'000;

// InvalidArgument (REPLAY_INVALID) unless `url` is http:// or https:// with a host, and without user, fragment, or
// segments that a server may take for another path (`..`, `%2f`, `%2e`, `\`).
absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view url);

// A broker that posted to any address would let every caller that may replay reach what only the broker's host can
// reach: other services of its network, a cloud's metadata. So the operator lists the allowed addresses. Thread-safe,
// as `allows_loopback` must be.
class EndpointPolicy {
 public:
  // Lets nothing through.
  EndpointPolicy() = default;

  // `prefixes`: URLs. An endpoint is allowed if it has the scheme, host and port of one of them, and its path begins
  // with that URL's path, in whole segments. `allows_loopback` is asked at each Check; while it says so, `localhost` and
  // loopback addresses are allowed in addition, by http or https and with any port and path. nullptr: never.
  //   InvalidArgument  one is not such a URL, or has a query.
  static absl::StatusOr<EndpointPolicy> Make(const std::vector<std::string>& prefixes,
                                             std::function<bool()> allows_loopback);

  // PermissionDenied (REPLAY_ENDPOINT_REFUSED) unless the endpoint is allowed.
  absl::Status Check(const Endpoint& endpoint) const;

  // Whether any endpoint with TLS may be allowed.
  bool MayUseTls() const;

  // Whether the endpoint is allowed by `allows_loopback` only: then only a loopback address may be connected to,
  // whatever the name resolves to.
  bool OnlyLoopback(const Endpoint& endpoint) const;

 private:
  bool HasPrefixOf(const Endpoint& endpoint) const;

  std::vector<Endpoint> prefixes_;
  std::function<bool()> allows_loopback_;
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_ENDPOINT_H_
