// A whole broker in the test's process: a temporary folder, a free port, and a client's stub.
#ifndef PLAYHEAD_TESTS_SUPPORT_TEST_SERVER_H_
#define PLAYHEAD_TESTS_SUPPORT_TEST_SERVER_H_

#include <grpcpp/channel.h>

#include <memory>

#include "broker/server.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "storage/event_log.h"
#include "tests/support/temp_dir.h"

namespace playhead::testing {

// Defaults for tests: port 0, and no sync before acknowledgements.
broker::ServerOptions TestServerOptions();

// Not thread-safe, but what its methods return is. Aborts the test if the broker does not start.
class TestServer {
 public:
  // Uses a temporary folder unless the options name one.
  explicit TestServer(broker::ServerOptions options = TestServerOptions());

  broker::Server& server() { return *server_; }
  storage::EventLog& log() { return server_->event_log(); }
  const std::shared_ptr<grpc::Channel>& channel() const { return channel_; }
  v1::EventLog::Stub& stub() { return *stub_; }

 private:
  const TempDir dir_;
  std::unique_ptr<broker::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::EventLog::Stub> stub_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_TEST_SERVER_H_
