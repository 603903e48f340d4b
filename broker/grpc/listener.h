// Accepts the connections of the gRPC server.
//
// gRPC would do it itself, but takes no socket that was handed in, and once the process has no file descriptor left it
// stops accepting for good (tcp_server_posix.cc of 1.51: any error of accept4 but two ends the port).
#ifndef PLAYHEAD_BROKER_GRPC_LISTENER_H_
#define PLAYHEAD_BROKER_GRPC_LISTENER_H_

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/listen_sockets.h"

namespace playhead::broker {

// The kernel holds connections of a socket that was handed in and outlives the process, so clients that connect while
// the broker restarts wait a moment and are not refused.
//
// A connection that would take a file descriptor of the store's (storage/descriptors.h) is closed at once; if the
// process has none at all, connections wait in the kernel.
//
// Thread safety: none; made, started and stopped by one thread.   Blocking: Stop waits for the accepting thread.
class GrpcListener {
 public:
  // Has `builder`'s server take the connections to `listen`, secured by `credentials`. A peer that takes nothing of
  // what it was sent for `peer_timeout` is gone. As ListenSockets::Open fails.
  static absl::StatusOr<std::unique_ptr<GrpcListener>> Make(const std::string& listen, absl::Duration peer_timeout,
                                                            std::shared_ptr<grpc::ServerCredentials> credentials,
                                                            grpc::ServerBuilder& builder);

  ~GrpcListener();
  GrpcListener(const GrpcListener&) = delete;
  GrpcListener& operator=(const GrpcListener&) = delete;

  // Begins to accept. REQUIRES: the server runs.
  void Start();

  // Accepts nothing more. To be called before the server shuts down, which closes what it gets afterwards.
  void Stop();

  // As ListenSockets has it.
  const std::string& address() const { return sockets_.address(); }

 private:
  GrpcListener(ListenSockets sockets, absl::Duration peer_timeout, int stop_fd,
               std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor);
  void Run();
  // False if the next attempt should wait, because the process or the machine is out of something.
  bool AcceptSome(int listen_fd);

  ListenSockets sockets_;
  const int peer_timeout_ms_;
  const int stop_fd_;  // An eventfd: readable once it is to stop.
  const std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::thread thread_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_LISTENER_H_
