// Webhooks over a real broker's HTTP: what is accepted, what is delivered, and what is refused.
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/refusal_counts.h"
#include "broker/webhook/body.h"
#include "broker/webhook/signature.h"
#include "playhead/v1/limits.grpc.pb.h"
#include "playhead/v1/webhooks.grpc.pb.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/http_connection.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using broker::webhook::SignatureHeader;
using testing::HttpConnection;
using testing::HttpResponse;
using testing::TestServer;

constexpr absl::string_view kSecret = "the-app-secret";

std::string PostBytes(absl::string_view body, absl::string_view signature, absl::string_view path = "/webhook") {
  return absl::StrCat("POST ", path, " HTTP/1.1\r\nHost: hooks.example.com\r\nContent-Type: application/json\r\n",
                      signature.empty() ? "" : absl::StrCat("X-Hub-Signature-256: ", signature, "\r\n"),
                      "Content-Length: ", body.size(), "\r\n\r\n", body);
}

HttpResponse Post(HttpConnection& connection, absl::string_view body, absl::string_view secret = kSecret) {
  connection.Send(PostBytes(body, SignatureHeader(body, secret)));
  return connection.Receive();
}

std::string MessageBody(absl::string_view phone, absl::string_view id, absl::string_view text = "hi") {
  return absl::StrCat(R"({"entry":[{"id":"77","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":")",
                      phone, R"("},"messages":[{"id":")", id, R"(","text":{"body":")", text, R"("}}]}}]}]})");
}

std::vector<std::string> Corpus(size_t count) {
  std::vector<std::string> bodies;
  std::ifstream file("tests/data/meta_webhooks.ndjson");
  for (std::string line; bodies.size() < count && std::getline(file, line);) bodies.push_back(line);
  return bodies;
}

struct Stored {
  std::string type;
  std::string id;
  std::string data;
  std::map<std::string, std::string> attributes;
  friend bool operator==(const Stored&, const Stored&) = default;
};

class WebhookTest : public ::testing::Test {
 protected:
  WebhookTest() { Start(); }

  void Start(const std::function<void(broker::ServerOptions&)>& change = nullptr) {
    server_.reset();
    broker::ServerOptions options = testing::TestServerOptions();
    options.store.data_dir = dir_.path() + "/data";
    options.http_listen = "127.0.0.1:0";
    if (change != nullptr) change(options);
    server_ = std::make_unique<TestServer>(options);
  }

  grpc::Status SetSecret(const std::string& instance, absl::string_view secret, uint32_t keep_previous_seconds = 3600) {
    grpc::ClientContext context;
    v1::SetWebhookSecretRequest request;
    request.set_instance(instance);
    request.set_secret(std::string(secret));
    request.set_keep_previous_seconds(keep_previous_seconds);
    v1::SetWebhookSecretResponse response;
    return v1::Webhooks::NewStub(server_->channel())->SetSecret(&context, request, &response);
  }

  HttpConnection Connect() { return HttpConnection(server_->server().http_address()); }

  // By name, hidden events aside.
  std::map<std::string, std::vector<Stored>> ReadAll() {
    std::map<std::string, std::vector<Stored>> out;
    const auto rows = testing::Await<std::vector<storage::InstanceInfo>>(
        [&](auto done) { server_->log().ListInstances("", "", 10'000, std::move(done)); });
    for (const auto& row : *rows) {
      if (row.name != "playhead.audit") out[row.name] = Read(row.name);
    }
    return out;
  }

  std::vector<Stored> Read(const std::string& name, const std::vector<absl::string_view>& types = {}) {
    std::vector<Stored> out;
    grpc::ClientContext context;
    v1::FetchMissedRequest request;
    request.set_instance(name);
    request.mutable_start()->mutable_beginning();
    request.set_limit(10'000);
    for (const absl::string_view type : types) request.add_types(std::string(type));
    v1::FetchMissedResponse response;
    const grpc::Status status = server_->stub().FetchMissed(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    for (const v1::Event& event : response.events()) {
      out.push_back({event.type(), event.id(), event.data(), {event.attributes().begin(), event.attributes().end()}});
    }
    return out;
  }

  const testing::TempDir dir_;
  std::unique_ptr<TestServer> server_;
};

const std::map<std::string, std::string> kVerified = {{"dialect", "whatsapp"}, {"verified", "true"}};

TEST_F(WebhookTest, TheCorpusComesOutAsItsEventsAndTwiceIsOnce) {
  ASSERT_TRUE(SetSecret("*", kSecret).ok());
  const std::vector<std::string> bodies = Corpus(1000);
  std::map<std::string, std::vector<Stored>> expected;
  for (const std::string& body : bodies) {
    const auto split = broker::webhook::SplitBody(body);
    for (const auto& event : *split) {
      expected[event.instance].push_back({event.type, event.id, event.data(), kVerified});
    }
  }
  HttpConnection connection = Connect();
  for (int round = 0; round < 2; ++round) {
    for (const std::string& body : bodies) ASSERT_EQ(Post(connection, body).status, 200);
    ASSERT_EQ(ReadAll(), expected);
  }
  // Over a restart, too.
  Start();
  HttpConnection again = Connect();
  for (const std::string& body : bodies) ASSERT_EQ(Post(again, body).status, 200);
  EXPECT_EQ(ReadAll(), expected);
}

TEST_F(WebhookTest, TheHandshakeEchoesTheChallengeForTheRightTokenOnly) {
  const std::string right = "/webhook?hub.mode=subscribe&hub.challenge=11582%3C01&hub.verify_token=";
  EXPECT_EQ(Connect().Get(right + "token").status, 403);
  const std::string file = dir_.path() + "/token";
  std::ofstream(file) << "the-token/+\n";
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  Start([&](broker::ServerOptions& options) { options.webhook.verify_token_file = file; });
  const HttpResponse response = Connect().Get(right + "the-token%2F%2B");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, "11582<01");
  EXPECT_TRUE(absl::StartsWith(response.headers.at("content-type"), "text/plain"));
  for (const std::string& path :
       {right, right + "the-token", right + "the-token%2F%2B%00", std::string("/webhook"),
        std::string("/webhook?hub.mode=subscribe&hub.verify_token=the-token%2F%2B"),
        std::string("/webhook?hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=the-token%2F%2B")}) {
    EXPECT_EQ(Connect().Get(path).status, 403) << path;
  }
}

TEST_F(WebhookTest, BadRequestsLeaveTheLogAsItIsAndGoodOnesUnharmed) {
  ASSERT_TRUE(SetSecret("1001", kSecret).ok());
  ASSERT_TRUE(SetSecret("1002", "another-secret").ok());
  ASSERT_TRUE(SetSecret("good", "good-secret").ok());
  HttpConnection first = Connect();
  ASSERT_EQ(Post(first, MessageBody("1001", "before")).status, 200);

  const std::string body = MessageBody("1001", "forged");
  const std::string signature = SignatureHeader(body, kSecret);
  const std::string both =
      absl::StrCat(R"({"entry":[{"changes":[{"field":"messages","value":{"metadata":)",
                   R"({"phone_number_id":"1001"},"messages":[{"id":"a"}]}},{"field":"messages",)",
                   R"("value":{"metadata":{"phone_number_id":"1002"},"messages":[{"id":"b"}]}}]}]})");
  const auto signed_by = [](const std::string& text, absl::string_view secret) {
    return PostBytes(text, SignatureHeader(text, secret));
  };
  const std::vector<std::pair<int, std::string>> bad = {
      {401, PostBytes(body, "")},
      {401, PostBytes(body, "sha256=")},
      {401, PostBytes(body, std::string(64, '0'))},
      {401, PostBytes(body, absl::StrCat("sha1=", signature.substr(7, 40)))},
      {401, PostBytes(body, signature.substr(0, 70))},
      {401, PostBytes(body, absl::StrCat(signature, "0"))},
      {401, PostBytes(body, absl::StrCat("SHA256=", signature.substr(7)))},
      {401, PostBytes(body, absl::StrCat("sha256=", std::string(64, 'g')))},
      {401, signed_by(body, "wrong")},
      {401, signed_by(body, "another-secret")},
      {401, PostBytes(absl::StrCat(body, " "), signature)},
      {401, PostBytes(MessageBody("1001", "forged2"), signature)},
      {401, signed_by(both, kSecret)},
      {401, signed_by(both, "another-secret")},
      {401, signed_by(MessageBody("unknown", "x"), kSecret)},
      {401, signed_by(MessageBody("playhead.audit", "x"), kSecret)},
      {400, signed_by("not JSON", kSecret)},
      {400, signed_by("", kSecret)},
      {400, signed_by(std::string(100'000, '['), kSecret)},
      {413, absl::StrCat("POST /webhook HTTP/1.1\r\nHost: h\r\nContent-Length: 3200000\r\n\r\n")},
      // Not for Meta: browsers may come here, and the name must be the broker's own.
      {403, "PUT /webhook HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"},
      {403, PostBytes(body, signature, "/webhooks")},
      {400, "POST\r\n\r\n"},
      {400, PostBytes(body, signature).substr(0, 300)},
  };

  const auto unchanged = ReadAll();
  std::atomic<bool> stop = false;
  std::atomic<int> good = 0;
  std::thread traffic([&] {
    HttpConnection connection = Connect();
    while (!stop || good < 50) {
      ASSERT_EQ(Post(connection, MessageBody("good", absl::StrCat("w", good.load())), "good-secret").status, 200);
      ++good;
    }
  });
  for (int round = 0; round < 3; ++round) {
    for (const auto& [status, bytes] : bad) {
      HttpConnection connection = Connect();
      connection.Send(bytes);
      connection.FinishSending();
      EXPECT_EQ(connection.Receive().status, status) << bytes.substr(0, 400);
    }
  }
  stop = true;
  traffic.join();
  auto after = ReadAll();
  EXPECT_EQ(after["good"].size(), static_cast<size_t>(good));
  after.erase("good");
  EXPECT_EQ(after, unchanged);
}

TEST_F(WebhookTest, ARefusalSaysWhyInTheCommonVocabulary) {
  const std::string body = MessageBody("1001", "w");
  HttpConnection connection = Connect();
  HttpResponse response = Post(connection, body);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers["error-code"], "WEBHOOK_SECRET_MISSING");
  ASSERT_TRUE(SetSecret("*", kSecret).ok());
  response = Post(connection, body, "wrong");
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.headers["error-code"], "SIGNATURE_INVALID");
  EXPECT_FALSE(absl::StrContains(response.body, "wrong"));
  EXPECT_EQ(Post(connection, body).status, 200);
}

TEST_F(WebhookTest, RefusalsAreCounted) {
  ASSERT_TRUE(SetSecret("*", kSecret).ok());
  HttpConnection connection = Connect();
  const uint64_t before = broker::RefusalCounts()["SIGNATURE_INVALID"];
  EXPECT_EQ(Post(connection, MessageBody("1001", "w"), "wrong").status, 401);
  EXPECT_EQ(broker::RefusalCounts()["SIGNATURE_INVALID"], before + 1);
}

TEST_F(WebhookTest, SecretsRotateAndSurviveARestart) {
  ASSERT_TRUE(SetSecret("*", "first").ok());
  ASSERT_TRUE(SetSecret("*", "second").ok());
  HttpConnection connection = Connect();
  EXPECT_EQ(Post(connection, MessageBody("1", "a"), "first").status, 200);
  EXPECT_EQ(Post(connection, MessageBody("1", "b"), "second").status, 200);
  Start();
  HttpConnection again = Connect();
  EXPECT_EQ(Post(again, MessageBody("1", "c"), "first").status, 200);
  ASSERT_TRUE(SetSecret("*", "third", 0).ok());
  EXPECT_EQ(Post(again, MessageBody("1", "d"), "second").status, 401);
  EXPECT_EQ(Read("1").size(), 3u);
}

TEST_F(WebhookTest, WithoutItsSealKeyWebhooksWaitAndTheRestIsServed) {
  ASSERT_TRUE(SetSecret("*", kSecret).ok());
  ASSERT_TRUE(std::filesystem::exists(dir_.path() + "/data.seal"));
  const std::string body = MessageBody("1", "a");
  std::filesystem::rename(dir_.path() + "/data.seal", dir_.path() + "/away");
  Start();
  HttpConnection connection = Connect();
  const HttpResponse response = Post(connection, body);
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.at("error-code"), "WEBHOOK_SECRETS_SEALED");
  EXPECT_TRUE(Read("1").empty());
  std::filesystem::rename(dir_.path() + "/away", dir_.path() + "/data.seal");
  Start();
  HttpConnection again = Connect();
  EXPECT_EQ(Post(again, body).status, 200);
}

TEST_F(WebhookTest, LargeBodiesAndThousandsOfEntriesAreStoredWhole) {
  ASSERT_TRUE(SetSecret("*", kSecret).ok());
  HttpConnection connection = Connect();
  const std::string large = MessageBody("large", "w", std::string(3'000'000, 'x'));
  ASSERT_EQ(Post(connection, large).status, 200);
  ASSERT_EQ(Read("large").size(), 1u);
  EXPECT_TRUE(absl::StrContains(Read("large")[0].data, std::string(3'000'000, 'x')));

  std::string entries;
  for (int i = 0; i < 9'000; ++i) {
    absl::StrAppend(&entries, i == 0 ? "" : ",", R"({"changes":[{"field":"messages","value":{"metadata":)",
                    R"({"phone_number_id":"many"},"statuses":[{"id":"w)", i,
                    R"(","status":"read","recipient_id":"r"}]}}]})");
  }
  ASSERT_EQ(Post(connection, absl::StrCat(R"({"entry":[)", entries, "]}")).status, 200);
  const auto events = Read("many");
  ASSERT_EQ(events.size(), 9'000u);
  EXPECT_EQ(events[8'999].id, "w8999:read:r");
}

TEST_F(WebhookTest, NothingThatIsSignedIsLost) {
  ASSERT_TRUE(SetSecret("*", kSecret).ok());
  HttpConnection connection = Connect();
  for (const std::string& body : {std::string("not JSON"), std::string(), std::string(R"({"entry":[]})"),
                                  std::string(R"({"entry":[{"changes":[7]}]})"), std::string(100'000, '[')}) {
    EXPECT_EQ(Post(connection, body).status, 200) << body.substr(0, 100);
  }
  const auto events = Read("playhead.webhooks");
  ASSERT_EQ(events.size(), 5u);
  EXPECT_EQ(events[0].type, "x.whatsapp.unparsed");
  EXPECT_EQ(events[0].data, "not JSON");
  EXPECT_EQ(events[3].data, "7");
}

TEST_F(WebhookTest, ABodyBeyondAnInstancesLimitIsToldToComeAgainAndIsStoredThen) {
  ASSERT_TRUE(SetSecret("*", kSecret).ok());
  const auto limits = v1::Limits::NewStub(server_->channel());
  v1::SetLimitsRequest set;
  set.set_instance("1001");
  set.mutable_limits()->set_stored_bytes_max(1);
  v1::SetLimitsResponse was_set;
  grpc::ClientContext set_context;
  ASSERT_TRUE(limits->SetLimits(&set_context, set, &was_set).ok());
  HttpConnection connection = Connect();
  const HttpResponse refused = Post(connection, MessageBody("1001", "a"));
  EXPECT_EQ(refused.status, 503);
  EXPECT_EQ(refused.headers.at("error-code"), "QUOTA_EXCEEDED");
  EXPECT_EQ(refused.headers.at("retry-after"), "30");
  EXPECT_TRUE(absl::StrContains(refused.body, R"("limit":"instance.stored_bytes")")) << refused.body;
  EXPECT_EQ(Post(connection, MessageBody("1002", "b")).status, 200);
  EXPECT_TRUE(absl::StrContains(Connect().Get("/metrics").body,
                                R"(playhead_quota_refusals_total{limit="instance.stored_bytes"})"));

  v1::ClearLimitsRequest clear;
  clear.set_instance("1001");
  v1::ClearLimitsResponse cleared;
  grpc::ClientContext clear_context;
  ASSERT_TRUE(limits->ClearLimits(&clear_context, clear, &cleared).ok());
  EXPECT_EQ(Post(connection, MessageBody("1001", "a")).status, 200);
  EXPECT_EQ(Read("1001").size(), 1u);

  grpc::ClientContext again_context;
  ASSERT_TRUE(limits->SetLimits(&again_context, set, &was_set).ok());
  EXPECT_EQ(Post(connection, MessageBody("1001", "a")).status, 200) << "it is stored already";
  EXPECT_EQ(Post(connection, MessageBody("1001", "c")).status, 503);
}

TEST_F(WebhookTest, UnverifiedBodiesAreKeptHiddenForInstancesThatExistAndHaveNoSecret) {
  Start([](broker::ServerOptions& options) { options.webhook.keep_unverified = true; });
  testing::AppendNumbered(server_->log(), "exists", 1, 1);
  testing::AppendNumbered(server_->log(), "secured", 1, 1);
  ASSERT_TRUE(SetSecret("secured", kSecret).ok());
  HttpConnection connection = Connect();
  const std::string body = MessageBody("exists", "w");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(Post(connection, body, "the-readers-secret").status, 200);
    // A forger's is another event, and takes the place of none.
    EXPECT_EQ(Post(connection, body, "a-forgers-secret").status, 200);
  }
  EXPECT_EQ(Post(connection, MessageBody("secured", "w"), "the-readers-secret").status, 401);
  EXPECT_EQ(Post(connection, MessageBody("nowhere", "w"), "the-readers-secret").status, 401);
  EXPECT_EQ(Read("exists").size(), 1u);
  const auto hidden = Read("exists", {"playhead.hidden.unverified_webhook"});
  ASSERT_EQ(hidden.size(), 2u);
  EXPECT_EQ(hidden[0].data, body);
  EXPECT_EQ(hidden[0].attributes.at("signature"), SignatureHeader(body, "the-readers-secret"));
  EXPECT_EQ(hidden[0].attributes.at("verified"), "false");
  EXPECT_NE(hidden[0].id, hidden[1].id);
  EXPECT_EQ(ReadAll().count("nowhere"), 0u);
  EXPECT_EQ(Read("secured").size(), 1u);
}

TEST_F(WebhookTest, UnverifiedBodiesHaveAQuotaOfEachInstance) {
  Start([](broker::ServerOptions& options) {
    options.webhook.keep_unverified = true;
    options.webhook.unverified_bytes_per_hour = 20'000;
  });
  for (const char* name : {"a", "b"}) testing::AppendNumbered(server_->log(), name, 1, 1);
  HttpConnection connection = Connect();
  EXPECT_EQ(Post(connection, MessageBody("a", "w1", std::string(30'000, 'x')), "any").status, 200);
  const HttpResponse response = Post(connection, MessageBody("a", "w2"), "any");
  EXPECT_EQ(response.status, 503);
  EXPECT_EQ(response.headers.at("error-code"), "QUOTA_EXCEEDED");
  EXPECT_EQ(Post(connection, MessageBody("b", "w3"), "any").status, 200);
}

}  // namespace
}  // namespace playhead
