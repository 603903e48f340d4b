// Who could reach the broker at an address, and what must guard it there.
#ifndef PLAYHEAD_BROKER_LISTEN_POLICY_H_
#define PLAYHEAD_BROKER_LISTEN_POLICY_H_

#include <string>

#include "absl/status/status.h"

namespace playhead::broker {

struct ListenGuards {
  bool keys = false;          // Callers need a key or the administrator's secret.
  bool tls = false;           // Connections are encrypted.
  bool allow_anyone = false;  // --insecure_allow_anyone_on_the_network
};

// The one rule for every listener: an address that others can reach, and not only this machine, needs keys and TLS.
// Only this machine reaches a host that has nothing but loopback addresses, and a socket bound to one or to a path.
// Blocks to look up a host's name; one that is unknown counts as reachable.
//   InvalidArgument     as ParseListenAddress.
//   FailedPrecondition  it lacks one; says which, and what can be done.
absl::Status CheckListen(const std::string& listen, const ListenGuards& guards);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LISTEN_POLICY_H_
