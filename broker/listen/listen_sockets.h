// The listening sockets of gRPC and HTTP.
#ifndef PLAYHEAD_BROKER_LISTEN_LISTEN_SOCKETS_H_
#define PLAYHEAD_BROKER_LISTEN_LISTEN_SOCKETS_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"

namespace playhead::broker {

// Not thread-safe.
class ListenSockets {
 public:
  // `listen` is as ParseListenAddress has it: a host, on each of whose addresses it listens, with port 0 for a free
  // one; or an inherited listening socket, of which it uses a copy: the original stays open. Blocks while it looks up a
  // name.
  //   InvalidArgument     it is neither, or the inherited socket is not a listening stream socket.
  //   FailedPrecondition  an address cannot be listened on: in use, or no address of the host is this machine's.
  static absl::StatusOr<ListenSockets> Open(const std::string& listen);

  ~ListenSockets() { Close(); }
  ListenSockets(ListenSockets&& other) noexcept
      : fds_(std::exchange(other.fds_, {})), host_(std::move(other.host_)), address_(std::move(other.address_)) {}
  ListenSockets& operator=(ListenSockets&&) = delete;

  void Close();

  // Non-blocking sockets. At least one, until Close or TakeFds.
  const std::vector<int>& fds() const { return fds_; }
  // Transfers the sockets: the caller must close them.
  std::vector<int> TakeFds() { return std::exchange(fds_, {}); }
  // The host as it was written, without brackets; for an inherited socket, the address that it is bound to.
  const std::string& host() const { return host_; }
  // HOST:PORT with the host as it was written; for an inherited socket, the address that it is bound to.
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

#endif  // PLAYHEAD_BROKER_LISTEN_LISTEN_SOCKETS_H_
