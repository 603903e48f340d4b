// Where a listener listens, as flags write it: HOST:PORT, or fd:N for a listening socket that was handed in.
#ifndef PLAYHEAD_BROKER_LISTEN_ADDRESS_H_
#define PLAYHEAD_BROKER_LISTEN_ADDRESS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"

namespace playhead::broker {

struct ListenAddress {
  std::optional<int> fd;
  // Without fd. A name or an address; of version 6 in brackets, as it was written.
  std::string host;
  uint16_t port = 0;  // 0 takes a free one.
};

// InvalidArgument: `listen` is neither.
absl::StatusOr<ListenAddress> ParseListenAddress(const std::string& listen);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LISTEN_ADDRESS_H_
