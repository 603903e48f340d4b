#include "client/testing/test_broker.h"

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

TestBroker::TestBroker(std::string data_dir) : data_dir_(std::move(data_dir)), target_("127.0.0.1:0") {}

TestBroker::~TestBroker() {
  Stop();
  std::error_code ignored;  // A folder that stays behind is no reason to fail.
  std::filesystem::remove_all(data_dir_, ignored);
}

absl::StatusOr<std::unique_ptr<TestBroker>> TestBroker::Start() {
  absl::StatusOr<std::string> data_dir = MakeTemporaryFolder();
  if (!data_dir.ok()) return data_dir.status();
  std::unique_ptr<TestBroker> broker(new TestBroker(*std::move(data_dir)));
  if (absl::Status status = broker->Resume(); !status.ok()) return status;
  return broker;
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
  target_ = server_->grpc_address();
  return absl::OkStatus();
}

absl::Status TestBroker::Restart() {
  Stop();
  return Resume();
}

}  // namespace playhead
