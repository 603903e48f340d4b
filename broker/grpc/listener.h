// Accepts the connections of the gRPC server.
//
// gRPC's own listener cannot use a socket that was handed in, and it stops accepting for good when the process runs out
// of file descriptors (tcp_server_posix.cc of 1.51: any error of accept4 but two ends the port).
#ifndef PLAYHEAD_BROKER_GRPC_LISTENER_H_
#define PLAYHEAD_BROKER_GRPC_LISTENER_H_

#include <grpcpp/server_builder.h>

#include <memory>
#include <string>
#include <thread>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "broker/listen/listen_sockets.h"

namespace playhead::broker {

// A socket that was handed in outlives the process, and the kernel holds its connections. So clients that connect while
// the broker restarts wait a moment and are not refused.
//
// A connection whose file descriptor would be one reserved for the store (storage/descriptors.h) is closed at once. If
// the process has no descriptors left, connections wait in the kernel.
//
// Thread safety: none; made, started and stopped by one thread.   Blocking: Stop waits for the accepting thread.
class GrpcListener {
 public:
  // Makes the server of `builder` accept connections to `listen`, secured by `credentials`. A peer that acknowledges no
  // sent data for `peer_timeout` is considered gone. Errors: as ListenSockets::Open.
  static absl::StatusOr<std::unique_ptr<GrpcListener>> Make(const std::string& listen, absl::Duration peer_timeout,
                                                            std::shared_ptr<grpc::ServerCredentials> credentials,
                                                            grpc::ServerBuilder& builder);

  ~GrpcListener();
  GrpcListener(const GrpcListener&) = delete;
  GrpcListener& operator=(const GrpcListener&) = delete;

  // Starts accepting. REQUIRES: the server runs.
  void Start();

  // Stops accepting. Call it before the server shuts down, because the server closes connections that it gets after
  // that.
  void Stop();

  // As ListenSockets::address.
  const std::string& address() const { return sockets_.address(); }

 private:
  GrpcListener(ListenSockets sockets, absl::Duration peer_timeout, int stop_fd,
               std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor);
  void Run();
  // False if the next attempt should wait, because the process or the machine has run out of a resource.
  bool AcceptSome(int listen_fd);

  ListenSockets sockets_;
  const int peer_timeout_ms_;
  const int stop_fd_;  // An eventfd: readable after Stop was called.
  const std::unique_ptr<grpc::experimental::ExternalConnectionAcceptor> acceptor_;
  std::thread thread_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_LISTENER_H_
