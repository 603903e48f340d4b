// The sockets on which connections come in, gRPC's and HTTP's.
#ifndef PLAYHEAD_BROKER_LISTEN_SOCKETS_H_
#define PLAYHEAD_BROKER_LISTEN_SOCKETS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace playhead::broker {

// Not thread-safe.
class ListenSockets {
 public:
  // `listen` is as ParseListenAddress has it: a host, on each of whose addresses it listens, port 0 taking one that is
  // free; or a listening socket that was handed in, of which a copy is used: the original stays open. Blocks to look a
  // name up.
  //   InvalidArgument     it is neither, or the socket handed in is not a listening stream socket.
  //   FailedPrecondition  an address cannot be listened on: in use, or of those of the host none is this machine's.
  static absl::StatusOr<ListenSockets> Open(const std::string& listen);

  ~ListenSockets() { Close(); }
  ListenSockets(ListenSockets&& other) noexcept
      : fds_(std::exchange(other.fds_, {})), host_(std::move(other.host_)), address_(std::move(other.address_)) {}
  ListenSockets& operator=(ListenSockets&&) = delete;

  void Close();

  // They do not block. At least one, until Close.
  const std::vector<int>& fds() const { return fds_; }
  // Hands them over: the caller closes them.
  std::vector<int> TakeFds() { return std::exchange(fds_, {}); }
  // As it was written, without brackets; of a socket that was handed in, the address that it is bound to.
  const std::string& host() const { return host_; }
  // HOST:PORT, the host as it was written; of a socket that was handed in, what it is bound to.
  const std::string& address() const { return address_; }

 private:
  ListenSockets() = default;
  absl::Status TakeOver(int fd);
  absl::Status Bind(const std::string& host, uint16_t port);

  std::vector<int> fds_;
  std::string host_;
  std::string address_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LISTEN_SOCKETS_H_
