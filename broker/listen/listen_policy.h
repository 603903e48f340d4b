// Who can reach the broker at an address, and which guards that requires.
#ifndef PLAYHEAD_BROKER_LISTEN_LISTEN_POLICY_H_
#define PLAYHEAD_BROKER_LISTEN_LISTEN_POLICY_H_

#include <string>

#include "absl/status/status.h"

namespace playhead::broker {

struct ListenGuards {
  bool keys = false;          // Callers need a key or the administrator's secret.
  bool tls = false;           // Connections are encrypted.
  bool allow_anyone = false;  // --insecure_allow_anyone_on_the_network
};

// The rule for every listener: an address that other machines can reach needs keys and TLS. Only this machine can reach
// a host with nothing but loopback addresses, or a socket that is bound to a loopback address or to a path. Blocks
// while it looks up a host's name; an unknown name counts as reachable by others.
//   InvalidArgument     as ParseListenAddress.
//   FailedPrecondition  a guard is missing; the message says which, and what to do.
absl::Status CheckListen(const std::string& listen, const ListenGuards& guards);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LISTEN_LISTEN_POLICY_H_
