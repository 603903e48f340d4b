// Clients of every protocol that ask for events and then read nothing.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_STALLED_READERS_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_STALLED_READERS_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/integration/photon_client.h"
#include "tests/integration/vzaps_client.h"
#include "tests/load/socketio_connection.h"
#include "tests/support/consume_session.h"
#include "tests/support/http_connection.h"
#include "tests/support/raw_websocket.h"

namespace playhead::testing {

// Not thread-safe. The connections end when it is destroyed.
class StalledReaders {
 public:
  // gRPC: Subscribe, SubscribeMany, Consume and Photon's. HTTP: server-sent events, VZaps', MultiWA's and Socket.IO's.
  static constexpr size_t kGrpcKinds = 4;
  static constexpr size_t kHttpKinds = 4;

  // Opens `of_each_kind` readers of each kind, all of `instance`. The broker runs open, with
  // --photon_first_subscribe=live.
  StalledReaders(const std::string& grpc_address, const std::string& http_address, const std::string& instance,
                 size_t of_each_kind);
  ~StalledReaders();

 private:
  void OpenGrpc(const std::string& address, const std::string& instance, size_t count);
  void OpenHttp(const std::string& address, const std::string& instance, size_t number);

  std::vector<std::unique_ptr<grpc::ClientContext>> contexts_;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>>> one_;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeManyResponse>>> many_;
  std::vector<std::unique_ptr<ConsumeSession>> consumers_;
  std::unique_ptr<PhotonClient> photon_client_;
  std::vector<std::unique_ptr<PhotonStream>> photon_;
  std::vector<std::unique_ptr<HttpConnection>> event_sources_;
  std::vector<std::unique_ptr<VZapsConnection>> vzaps_;
  std::vector<std::unique_ptr<RawWebSocket>> multiwa_;
  std::vector<std::unique_ptr<SocketIoConnection>> socket_io_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_STALLED_READERS_H_
