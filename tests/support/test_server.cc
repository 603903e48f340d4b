#include "tests/support/test_server.h"

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

namespace playhead::testing {

broker::ServerOptions TestServerOptions() {
  broker::ServerOptions options;
  options.store.durability = storage::Durability::kOs;
  options.grpc_listen = "127.0.0.1:0";
  return options;
}

TestServer::TestServer(broker::ServerOptions options) {
  if (options.store.data_dir.empty()) options.store.data_dir = dir_.path();
  auto server = broker::Server::Start(std::move(options));
  if (!server.ok()) {
    std::fprintf(stderr, "%s\n", server.status().ToString().c_str());
    std::abort();
  }
  server_ = *std::move(server);
  channel_ = grpc::CreateChannel(server_->grpc_address(), grpc::InsecureChannelCredentials());
  stub_ = v1::EventLog::NewStub(channel_);
}

}  // namespace playhead::testing
