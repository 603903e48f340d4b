// HTTP as the whole broker serves it, over real sockets.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/auth/wrong_secret_rate.h"
#include "broker/private_file.h"
#include "tests/support/certificate_files.h"
#include "tests/support/figures.h"
#include "tests/support/http_connection.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::CertificateFiles;
using ::testing::HasSubstr;
using testing::HttpConnection;
using testing::HttpResponse;
using testing::TestServer;

broker::ServerOptions HttpOptions() {
  broker::ServerOptions options = testing::TestServerOptions();
  options.http_listen = "127.0.0.1:0";
  options.store.durability = storage::Durability::kDisk;  // There are syncs to count.
  return options;
}

class HttpTest : public ::testing::Test {
 protected:
  HttpResponse Get(absl::string_view path) { return HttpConnection(server_.server().http_address()).Get(path); }

  // -1 if it is not there.
  double Figure(absl::string_view name) {
    return testing::FindFigure(server_.server().http_address(), name).value_or(-1);
  }

  grpc::Status Append(const std::string& instance, int events) {
    v1::AppendRequest request;
    request.set_instance(instance);
    for (int i = 0; i < events; ++i) {
      v1::Event& event = *request.add_events();
      event.set_type("t");
      event.set_data("12345");
    }
    grpc::ClientContext context;
    v1::AppendResponse response;
    return server_.stub().Append(&context, request, &response);
  }

  TestServer server_{HttpOptions()};
};

TEST_F(HttpTest, SaysThatItLivesAndServes) {
  EXPECT_EQ(Get("/healthz").status, 200);
  EXPECT_EQ(Get("/readyz").status, 200);
}

TEST_F(HttpTest, FiguresFollowTheTraffic) {
  ASSERT_TRUE(Append("bot", 10).ok());
  ASSERT_TRUE(Append("bot", 3).ok());
  EXPECT_EQ(Figure("playhead_appends_total"), 13);
  EXPECT_GT(Figure("playhead_append_bytes_total"), 13 * 5);
  EXPECT_GE(Figure("playhead_events_per_fsync_count"), 2);
  EXPECT_GT(Figure("playhead_fsync_duration_seconds_sum"), 0);
  EXPECT_GT(Figure("playhead_disk_free_bytes"), 0);
  EXPECT_EQ(Figure("playhead_instances"), 1);
  EXPECT_EQ(Figure("playhead_events_per_fsync_sum"), 13);

  {
    grpc::ClientContext context;
    v1::SubscribeRequest request;
    request.set_instance("bot");
    request.mutable_start()->mutable_beginning();
    const auto stream = server_.stub().Subscribe(&context, request);
    v1::SubscribeResponse response;
    int events = 0;
    while (events < 13 && stream->Read(&response)) events += response.events_size();
    ASSERT_EQ(events, 13);
    EXPECT_EQ(Figure("playhead_subscribers"), 1);
    EXPECT_EQ(Figure("playhead_deliveries_total"), 13);
    EXPECT_GT(Figure("playhead_delivered_bytes_total"), 13 * 5);
    EXPECT_GE(Figure("playhead_subscriber_lag_events_count"), 1);
    context.TryCancel();
    stream->Finish();
  }
  while (Figure("playhead_subscribers") != 0) {
  }

  constexpr char kRefusals[] = R"(playhead_refusals_total{reason="INSTANCE_NAME_INVALID"})";
  const double before = std::max(0.0, Figure(kRefusals));
  EXPECT_FALSE(Append("no/such name", 1).ok());
  EXPECT_EQ(Figure(kRefusals), before + 1);
  EXPECT_EQ(Figure("playhead_appends_total"), 13);

  EXPECT_GT(Figure(R"(playhead_http_requests_total{code="2xx",route="/metrics"})"), 5);
  EXPECT_GE(Figure("playhead_http_connections"), 1);  // The one that asks; those before it may not be closed yet.
}

TEST_F(HttpTest, TheTableOfFiguresIsWhatTheBrokerHas) {
  EXPECT_FALSE(Append("no/such name", 1).ok());  // So that there is a refusal to show.
  std::set<std::string> served;
  for (const absl::string_view line : absl::StrSplit(Get("/metrics").body, '\n')) {
    const std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words.size() == 4 && words[1] == "TYPE") served.insert(words[2]);
  }
  std::set<std::string> documented;
  std::ifstream page("docs/operating.md");
  for (std::string line; std::getline(page, line);) {
    constexpr absl::string_view kRow = "| `playhead_";
    if (!absl::StartsWith(line, kRow)) continue;
    const size_t end = line.find_first_of("`{", 3);
    documented.insert(line.substr(3, end - 3));
  }
  EXPECT_EQ(documented, served);
}

TEST_F(HttpTest, AStoppedBrokerListensNoMore) {
  const std::string address = server_.server().http_address();
  HttpConnection idle(address);
  EXPECT_EQ(idle.Get("/healthz").status, 200);
  server_.server().Shutdown(absl::Minutes(1));
  EXPECT_EQ(idle.ReceiveToEnd(), "");
  EXPECT_THROW(HttpConnection{address}, boost::system::system_error);
}

TEST(HttpServerTest, IsNotReadyWhileItTakesNoAppends) {
  broker::ServerOptions options = HttpOptions();
  options.store.disk_free_bytes_min = uint64_t{1} << 62;
  TestServer server(options);
  HttpConnection client(server.server().http_address());
  HttpResponse response = client.Get("/readyz");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers["error-code"], "DISK_LOW");
  EXPECT_EQ(client.Get("/healthz").status, 200);
}

TEST(HttpServerTest, TooManyWrongSecretsAreAnsweredLate) {
  const testing::TempDir dir;
  const std::string secret(40, 's');
  broker::ServerOptions options = HttpOptions();
  options.admin_secret_file = dir.path() + "/admin";
  ASSERT_TRUE(broker::MakePrivateFile(options.admin_secret_file, secret).ok());
  options.limits.refusal_delay = absl::Seconds(1);
  TestServer server(options);
  HttpConnection client(server.server().http_address());
  const auto get = [&](absl::string_view given) {
    client.Send(
        absl::StrCat("GET /metrics HTTP/1.1\r\n", client.host_header(), "Authorization: Bearer ", given, "\r\n\r\n"));
    return client.Receive().status;
  };
  const absl::Time start = absl::Now();
  for (uint64_t i = 0; i < broker::kWrongSecretsBurst + 2; ++i) EXPECT_EQ(get("wrong"), 401);
  EXPECT_GE(absl::Now() - start, options.limits.refusal_delay);
  EXPECT_EQ(get(secret), 200);
}

TEST(HttpServerTest, ServesNoHttpUnlessAskedTo) { EXPECT_EQ(TestServer().server().http_address(), ""); }

TEST(HttpServerTest, APortThatIsTakenIsSaid) {
  TestServer first(HttpOptions());
  broker::ServerOptions options = HttpOptions();
  const testing::TempDir dir;
  options.store.data_dir = dir.path();
  options.http_listen = first.server().http_address();
  EXPECT_EQ(broker::Server::Start(options).status().code(), absl::StatusCode::kFailedPrecondition);
}

class HttpTlsTest : public ::testing::Test {
 protected:
  static broker::ServerOptions Options(const CertificateFiles& files) {
    broker::ServerOptions options = HttpOptions();
    options.tls.cert = files.cert();
    options.tls.key = files.key();
    return options;
  }

  const CertificateFiles files_;
  TestServer server_{Options(files_)};
};

TEST_F(HttpTlsTest, ServesOverTls) {
  namespace asio = boost::asio;
  asio::io_context context;
  asio::ssl::context tls(asio::ssl::context::tls_client);
  tls.load_verify_file(files_.ca());
  tls.set_verify_mode(asio::ssl::verify_peer);
  HttpConnection plain(server_.server().http_address());
  asio::ssl::stream<asio::ip::tcp::socket&> stream(plain.socket(), tls);
  stream.handshake(asio::ssl::stream_base::client);
  for (int i = 0; i < 2; ++i) {
    const std::string request = absl::StrCat("GET /healthz HTTP/1.1\r\n", plain.host_header(), "\r\n");
    asio::write(stream, asio::buffer(request));
    std::string received;
    HttpResponse response;
    while ((response = testing::TakeResponse(received)).status == 0) {
      char bytes[4096];
      received.append(bytes, stream.read_some(asio::buffer(bytes)));
    }
    EXPECT_EQ(response.status, 200);
  }
}

TEST_F(HttpTlsTest, PlainHttpGetsAPlainAnswer) {
  HttpConnection client(server_.server().http_address());
  HttpResponse response = client.Get("/healthz");
  EXPECT_EQ(response.status, 400);
  EXPECT_EQ(response.headers["error-code"], "MALFORMED_REQUEST");
  EXPECT_THAT(response.body, HasSubstr("HTTPS"));
  client.ReceiveToEnd();
}

TEST_F(HttpTlsTest, WhatIsNeitherTlsNorHttpIsClosed) {
  HttpConnection client(server_.server().http_address());
  client.Send("nothing that anybody understands\r\n\r\n");
  const std::string answer = client.ReceiveToEnd();
  EXPECT_EQ(answer.find("HTTP/1.1 2"), std::string::npos);
}

}  // namespace
}  // namespace playhead
