// Accepts connections on a listening socket that was handed in, which gRPC itself cannot.
#ifndef PLAYHEAD_BROKER_GRPC_INHERITED_LISTENER_H_
#define PLAYHEAD_BROKER_GRPC_INHERITED_LISTENER_H_

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"

namespace playhead::broker {

// The kernel holds connections of a socket that outlives the process, so clients that connect while the broker restarts
// wait a moment and are not refused.
//
// Thread safety: none; made, started and stopped by one thread.   Blocking: Stop waits for the accepting thread.
// Ownership: borrows the socket, which stays open when the broker stops.
class InheritedListener {
 public:
  // Has `builder`'s server take connections from `listen_fd`, secured by `credentials`.
  //   InvalidArgument  it is not a listening stream socket.
  static absl::StatusOr<std::unique_ptr<InheritedListener>> Make(int listen_fd,
                                                                 std::shared_ptr<grpc::ServerCredentials> credentials,
                                                                 grpc::ServerBuilder& builder);

  ~InheritedListener();
  InheritedListener(const InheritedListener&) = delete;
  InheritedListener& operator=(const InheritedListener&) = delete;

  // Begins to accept. REQUIRES: the server runs.
  void Start();

  // Accepts nothing more. To be called before the server shuts down, which closes what it gets afterwards.
  void Stop();

  // HOST:PORT of the socket; what it calls itself if it is not an internet socket.
  const std::string& address() const { return address_; }

 private:
  InheritedListener(int listen_fd, int stop_fd, std::string address,
                    std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor);
  void Run();
  // False if the next attempt should wait, because the process or the machine is out of something.
  bool AcceptAll();

  const int listen_fd_;
  const int stop_fd_;  // An eventfd: readable once it is to stop.
  const std::string address_;
  const std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::thread thread_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_INHERITED_LISTENER_H_
