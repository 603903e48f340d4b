// The broker over TLS, with its own client: who gets in, what happens while certificates change, and what clients that
// speak the wrong protocol are told.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "tests/support/certificate_files.h"
#include "tests/support/test_server.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/lsan_interface.h>

// c-ares 1.18, with which gRPC looks names up, keeps a copy of the name "localhost" for good.
const char* __lsan_default_suppressions() { return "leak:libcares.so\n"; }
#endif

namespace playhead {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::ReplaceFile;
using testing::TestAuthority;
using testing::TestServer;
using tools::CertificateUse;

// For what must succeed, in whatever time this machine takes; and for what must fail.
constexpr absl::Duration kLong = absl::Seconds(60);

class TlsTest : public ::testing::Test {
 protected:
  broker::ServerOptions Options() const {
    broker::ServerOptions options = testing::TestServerOptions();
    options.tls = {.cert = files_.cert(), .key = files_.key()};
    return options;
  }

  // Of a client that trusts the broker's authority.
  ClientOptions ClientOf(TestServer& server, absl::Duration timeout) const {
    ClientOptions options;
    options.target = server.server().grpc_address();
    options.tls = TlsOptions{.ca_file = files_.ca()};
    options.request_timeout = timeout;
    options.backoff = {.initial_delay = absl::Milliseconds(10), .max_delay = absl::Milliseconds(50)};
    return options;
  }

  // Of a client that asks once, and so says what the first answer was.
  ClientOptions OnceOf(TestServer& server) const {
    ClientOptions options = ClientOf(server, kLong);
    options.backoff.max_attempts = 1;
    return options;
  }

  static absl::Status Append(Client& client) {
    return client.Append("bot", {NewEvent{.type = "t", .data = "x", .id = "1"}}).status();
  }
  static absl::Status Append(const ClientOptions& options) {
    absl::StatusOr<Client> client = Client::Create(options);
    return client.ok() ? Append(*client) : client.status();
  }

  const testing::CertificateFiles files_;
};

TEST_F(TlsTest, CallsAndStreamsOfAClientThatTrustsItsAuthority) {
  TestServer server(Options());
  Client client = *Client::Create(ClientOf(server, kLong));
  ASSERT_EQ(Append(client), absl::OkStatus());
  Publisher publisher = *client.NewPublisher();
  EXPECT_EQ(publisher.Append("bot", {.type = "t", .data = "2"}).get()->cursor, 2u);
  Subscription subscription = *client.Subscribe("bot", Start::Beginning());
  EXPECT_EQ(subscription.Next()->data(), "x");
  EXPECT_EQ(subscription.Next()->data(), "2");
}

TEST_F(TlsTest, AClientThatTrustsOthersRefusesTheBroker) {
  TestServer server(Options());
  ClientOptions options = OnceOf(server);
  ReplaceFile(files_.ca(), TestAuthority("another CA").certificate());
  const absl::Status status = Append(options);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("not from an authority that this client trusts"));
}

TEST_F(TlsTest, ClientsMustShowACertificateWhereTheBrokerAsks) {
  broker::ServerOptions server_options = Options();
  server_options.tls.client_ca = files_.ca();
  TestServer server(server_options);

  ClientOptions options = ClientOf(server, kLong);
  options.tls->cert_file = files_.client_cert();
  options.tls->key_file = files_.client_key();
  EXPECT_EQ(Append(options), absl::OkStatus());

  EXPECT_TRUE(absl::IsUnavailable(Append(OnceOf(server))));  // None.

  files_.ReplaceClient(TestAuthority("another CA").Issue(CertificateUse::kClient));
  options.backoff.max_attempts = 1;
  EXPECT_TRUE(absl::IsUnavailable(Append(options)));  // A foreign one.

  const absl::Time now = absl::Now();
  files_.ReplaceClient(files_.authority().Issue(CertificateUse::kClient, {now - absl::Hours(2), now - absl::Hours(1)}));
  EXPECT_TRUE(absl::IsUnavailable(Append(options)));  // An expired one.
}

TEST_F(TlsTest, PlainTextIsRefusedPromptlyAndSaysWhy) {
  TestServer server(Options());
  ClientOptions options = OnceOf(server);
  options.tls.reset();
  const absl::Status status = Append(options);
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), AllOf(HasSubstr(options.target), HasSubstr("it may speak TLS")));
  // A subscription says so at each attempt.
  Subscription subscription = *Client::Create(options)->Subscribe("bot", Start::Beginning());
  EXPECT_THAT(std::string(subscription.Next().status().message()), HasSubstr("it may speak TLS"));
  EXPECT_EQ(Append(ClientOf(server, kLong)), absl::OkStatus());
}

TEST_F(TlsTest, TlsToAPlainPortIsRefusedPromptlyAndSaysWhy) {
  TestServer server;
  const absl::Status status = Append(OnceOf(server));
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr("does not speak TLS"));
}

TEST_F(TlsTest, NewConnectionsGetTheNewCertificateAndOldOnesLive) {
  TestServer server(Options());
  Client old_client = *Client::Create(ClientOf(server, kLong));
  ASSERT_EQ(Append(old_client), absl::OkStatus());
  SubscribeOptions no_reconnects;
  int reconnects = 0;
  no_reconnects.on_reconnect = [&reconnects](int, const absl::Status&) { ++reconnects; };
  Subscription subscription = *old_client.Subscribe("bot", Start::Beginning(), no_reconnects);
  ASSERT_EQ(subscription.Next()->cursor(), 1u);

  // Everything changes, the authority too: a client that trusts only the new one gets in as soon as it is taken over.
  const TestAuthority next("next CA");
  files_.ReplaceServer(next.Issue(CertificateUse::kServer));
  ReplaceFile(files_.ca(), next.certificate());
  Client new_client = *Client::Create(ClientOf(server, kLong));
  ASSERT_TRUE(new_client.GetInstance("bot").ok());

  ASSERT_TRUE(old_client.Append("bot", {NewEvent{.type = "t", .data = "2"}}).ok());
  EXPECT_EQ(subscription.Next()->cursor(), 2u);
  EXPECT_EQ(reconnects, 0);
}

TEST_F(TlsTest, ASocketThatWasHandedInSpeaksTlsToo) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(fd, 128), 0);
  {
    broker::ServerOptions options = Options();
    options.grpc_listen = absl::StrCat("fd:", fd);
    TestServer server(options);
    EXPECT_EQ(Append(ClientOf(server, kLong)), absl::OkStatus());
    ClientOptions plain = OnceOf(server);
    plain.tls.reset();
    EXPECT_TRUE(absl::IsUnavailable(Append(plain)));
    // Renewed certificates reach such sockets as well.
    const TestAuthority next("next CA");
    files_.ReplaceServer(next.Issue(CertificateUse::kServer));
    ReplaceFile(files_.ca(), next.certificate());
    EXPECT_EQ(Append(ClientOf(server, kLong)), absl::OkStatus());
  }
  close(fd);
}

TEST_F(TlsTest, EveryAddressOfANameIsServed) {
  broker::ServerOptions options = Options();
  options.grpc_listen = "localhost:0";
  TestServer server(options);
  ClientOptions client = ClientOf(server, kLong);
  ASSERT_THAT(client.target, ::testing::StartsWith("localhost:"));
  EXPECT_EQ(Append(client), absl::OkStatus());
  client.target = absl::StrCat("127.0.0.1", client.target.substr(client.target.rfind(':')));
  EXPECT_EQ(Append(client), absl::OkStatus());
}

TEST_F(TlsTest, FilesThatDoNotFitStopTheStart) {
  ReplaceFile(files_.key(), files_.authority().Issue(CertificateUse::kServer).private_key);
  broker::ServerOptions options = Options();
  const testing::TempDir dir;
  options.store.data_dir = dir.path();
  const absl::Status status = broker::Server::Start(options).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(files_.key()));
}

TEST_F(TlsTest, AnAddressThatOthersReachNeedsKeysAndTls) {
  broker::ServerOptions options = Options();
  const testing::TempDir dir;
  options.store.data_dir = dir.path();
  options.grpc_listen = "0.0.0.0:0";
  EXPECT_THAT(std::string(broker::Server::Start(options).status().message()),
              HasSubstr("without a key or --admin_secret_file"));
  options.allow_anyone_on_the_network = true;
  EXPECT_TRUE(broker::Server::Start(options).ok());
}

}  // namespace
}  // namespace playhead
