#include "client/testing/test_broker.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "broker/server.h"

namespace playhead {
namespace {

absl::StatusOr<std::string> MakeTemporaryFolder() {
  const char* root = std::getenv("TEST_TMPDIR");
  if (root == nullptr) root = std::getenv("TMPDIR");
  std::string folder = absl::StrCat(root == nullptr ? "/tmp" : root, "/playhead-test-broker-XXXXXX");
  if (mkdtemp(folder.data()) == nullptr) {
    return absl::ErrnoToStatus(errno, absl::StrCat("cannot make a temporary folder ", folder));
  }
  return folder;
}

}  // namespace

TestBroker::TestBroker(std::string data_dir) : data_dir_(std::move(data_dir)) {}

TestBroker::~TestBroker() {
  Stop();
  if (port_holder_ >= 0) close(port_holder_);
  std::error_code ignored;  // A folder that stays behind is no reason to fail.
  std::filesystem::remove_all(data_dir_, ignored);
}

absl::StatusOr<std::unique_ptr<TestBroker>> TestBroker::Start() {
  absl::StatusOr<std::string> data_dir = MakeTemporaryFolder();
  if (!data_dir.ok()) return data_dir.status();
  std::unique_ptr<TestBroker> broker(new TestBroker(*std::move(data_dir)));
  absl::Status status = broker->HoldPort();
  if (status.ok()) status = broker->Resume();
  if (!status.ok()) return status;
  return broker;
}

absl::Status TestBroker::HoldPort() {
  port_holder_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  if (port_holder_ < 0 || setsockopt(port_holder_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
      bind(port_holder_, reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      getsockname(port_holder_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    return absl::ErrnoToStatus(errno, "cannot take a port");
  }
  target_ = absl::StrCat("127.0.0.1:", ntohs(address.sin_port));
  return absl::OkStatus();
}

Client TestBroker::NewClient() const {
  ClientOptions options;
  options.target = target_;
  options.backoff.initial_delay = absl::Milliseconds(10);
  options.backoff.max_delay = absl::Milliseconds(100);
  return *Client::Create(std::move(options));  // These options are valid.
}

void TestBroker::Stop() { server_.reset(); }

absl::Status TestBroker::Resume() {
  broker::ServerOptions options;
  options.store.data_dir = data_dir_;
  options.grpc_listen = target_;
  absl::StatusOr<std::unique_ptr<broker::Server>> server = broker::Server::Start(std::move(options));
  if (!server.ok()) return server.status();
  server_ = *std::move(server);
  return absl::OkStatus();
}

absl::Status TestBroker::Restart() {
  Stop();
  return Resume();
}

}  // namespace playhead
