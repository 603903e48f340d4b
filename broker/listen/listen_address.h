// A listener's address, as flags write it: HOST:PORT, or fd:N for an inherited listening socket.
#ifndef PLAYHEAD_BROKER_LISTEN_LISTEN_ADDRESS_H_
#define PLAYHEAD_BROKER_LISTEN_LISTEN_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace playhead::broker {

struct ListenAddress {
  std::optional<int> fd;
  // Only without fd. A name or an address; an IPv6 address in brackets, as it was written.
  std::string host;
  uint16_t port = 0;  // 0 picks a free one.
};

// InvalidArgument: `listen` is neither.
absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& listen);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LISTEN_LISTEN_ADDRESS_H_
