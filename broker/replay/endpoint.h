// An address that events are sent to, taken apart; and which of them the broker may send to.
#ifndef PLAYHEAD_BROKER_REPLAY_ENDPOINT_H_
#define PLAYHEAD_BROKER_REPLAY_ENDPOINT_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::replay {

struct Endpoint {
  bool tls = false;
  std::string host;  // In lower case; of version 6 without brackets.
  uint16_t port = 0;
  std::string path;         // Begins with a slash.
  std::string target;       // The path and the query, as a request's line has them.
  std::string host_header;  // HOST, or HOST:PORT where the port is not the scheme's own.

  friend bool operator==(const Endpoint&, const Endpoint&) = default;
};

inline constexpr size_t kUrlBytesMax = 2'000;

// InvalidArgument (REPLAY_INVALID) unless `url` is http:// or https:// with a host, and without user, fragment, or
// segments that a server may take for another path (`..`, `%2f`, `%2e`, `\`).
absl::StatusOr<Endpoint> ParseEndpoint(absl::string_view url);

// A broker that posted to any address it is told would let whoever may replay reach what only the broker's host can:
// other services of its network, a cloud's metadata. So the operator says which. Immutable; thread-safe.
class EndpointPolicy {
 public:
  // Lets nothing through.
  EndpointPolicy() = default;

  // `prefixes`: URLs that must agree in scheme, host and port, and whose path an endpoint's begins with, by whole
  // segments. `allow_loopback`: plain HTTP to this machine, for a broker that nobody else reaches.
  //   InvalidArgument  one is no such URL, or has a query.
  static absl::StatusOr<EndpointPolicy> Make(const std::vector<std::string>& prefixes, bool allow_loopback);

  // PermissionDenied (REPLAY_ENDPOINT_REFUSED) unless it is let through.
  absl::Status Check(const Endpoint& endpoint) const;

  // Whether any endpoint with TLS is let through.
  bool MayUseTls() const;

  // Whether only a loopback address may be connected to, whatever its name resolves to.
  bool OnlyLoopback(const Endpoint& endpoint) const;

 private:
  bool HasPrefixOf(const Endpoint& endpoint) const;

  std::vector<Endpoint> prefixes_;
  bool allow_loopback_ = false;
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_ENDPOINT_H_
