// TestBroker: a real broker in the test's own process, with a temporary folder and a free port of the loopback
// interface. It is the same code as a deployed broker, with the same checks and fsyncs.
//
//   auto broker = TestBroker::Start();
//   ASSERT_TRUE(broker.ok()) << broker.status();
//   Client client = (*broker)->NewClient();
//
// Thread safety: not thread-safe, except for target().   Blocking: starting takes some tens of milliseconds.
// Ownership: the destructor stops the broker and removes the folder.
#ifndef PLAYHEAD_CLIENT_TESTING_TEST_BROKER_H_
#define PLAYHEAD_CLIENT_TESTING_TEST_BROKER_H_

#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/client.h"

namespace playhead {

namespace broker {
class Server;
}  // namespace broker

class TestBroker {
 public:
  static absl::StatusOr<std::unique_ptr<TestBroker>> Start();

  ~TestBroker();
  TestBroker(const TestBroker&) = delete;
  TestBroker& operator=(const TestBroker&) = delete;

  // HOST:PORT; the same across Restart().
  const std::string& target() const { return target_; }
  // Where the broker keeps its data.
  const std::string& data_dir() const { return data_dir_; }

  // A client whose backoff is short enough for tests (10 ms, up to 100 ms).
  Client NewClient() const;

  // Stops the broker as SIGTERM does; nothing listens until Resume(). Does nothing if it is already stopped.
  void Stop();
  // Starts it again on the same folder and port. REQUIRES: stopped.
  absl::Status Resume();
  // Stop() and Resume().
  absl::Status Restart();

  // The broker itself, for things that the API does not offer: trimming, counts. nullptr while it is stopped.
  broker::Server* server() { return server_.get(); }

 private:
  explicit TestBroker(std::string data_dir);

  // Takes a port, for as long as this lives.
  absl::Status HoldPort();

  const std::string data_dir_;
  // Bound to the port, and never listens: while the broker is stopped nobody else gets the port, and nobody is answered.
  int port_holder_ = -1;
  std::string target_;
  std::unique_ptr<broker::Server> server_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_TESTING_TEST_BROKER_H_
