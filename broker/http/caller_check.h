// Keeps web pages away from a broker that runs open: the browser says which page asks, and under which name it asked.
#ifndef PLAYHEAD_BROKER_HTTP_CALLER_CHECK_H_
#define PLAYHEAD_BROKER_HTTP_CALLER_CHECK_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace playhead::broker::http {

// Where a connection arrived.
struct LocalAddress {
  std::string listen_host;  // As in the flag: a name, or an address without brackets.
  std::string address;      // The connection's own end: an address without brackets.
  uint16_t port = 0;
  bool secure = false;
};

// Whether `authority` (`HOST` or `HOST:PORT`, as in a Host header) names this broker: a loopback name (localhost,
// 127.0.0.1, ::1), the host that it listens on, or the address that the connection reached; with the port, which may
// only be left out if it is the scheme's own.
bool NamesThisBroker(absl::string_view authority, const LocalAddress& local);

// A page of another origin can make its visitor's browser send requests here, and, by a name whose address it changes,
// read the answers too. So Host must name this broker, and Origin, if there is one, must be this broker's own.
//   PermissionDenied  ORIGIN_REFUSED.
absl::Status CheckCaller(absl::string_view host, std::optional<absl::string_view> origin, const LocalAddress& local);

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_CALLER_CHECK_H_
