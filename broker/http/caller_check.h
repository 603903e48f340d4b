// Keeps web pages away from a broker that runs open: the browser says which page sends a request, and to which host
// name.
#ifndef PLAYHEAD_BROKER_HTTP_CALLER_CHECK_H_
#define PLAYHEAD_BROKER_HTTP_CALLER_CHECK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http {

// The broker's end of a connection.
struct LocalAddress {
  std::string listen_host;  // As in the flag: a name, or an address without brackets.
  std::string address;      // The local address of the connection, without brackets.
  uint16_t port = 0;
  bool secure = false;
};

// Whether `authority` (`HOST` or `HOST:PORT`, as in a Host header) names this broker: a loopback name (localhost,
// 127.0.0.1, ::1), the host that it listens on, or the address that the client connected to; with the port, which may
// only be omitted if it is the scheme's default.
bool NamesThisBroker(absl::string_view authority, const LocalAddress& local);

// A page of another origin can make its visitor's browser send requests here, and with a name whose address it changes
// (DNS rebinding) it can read the answers too. So Host must name this broker, and Origin, if present, must be this
// broker's own.
//   PermissionDenied  ORIGIN_REFUSED.
absl::Status CheckCaller(absl::string_view host, std::optional<absl::string_view> origin, const LocalAddress& local);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_CALLER_CHECK_H_
