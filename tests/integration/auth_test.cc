// Keys over real gRPC: who gets access, to what, and for how long.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "broker/stream_registry.h"
#include "tests/support/batches.h"
#include "tests/support/http_connection.h"
#include "tests/support/key_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::CallOutcome;
using ::testing::ElementsAre;
using testing::ExpectRefused;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::KeyClient;
using testing::KeyRequest;
using ::testing::Not;
using testing::OutcomeOf;
using testing::SetSecret;
using testing::TestServer;

constexpr char kAdminSecret[] = "administrators-secret-of-this-test";
constexpr v1::Permission kAppend = v1::PERMISSION_APPEND;
constexpr v1::Permission kSubscribe = v1::PERMISSION_SUBSCRIBE;
constexpr v1::Permission kManage = v1::PERMISSION_MANAGE;

// A broker with an administrator, that can be started again on the same store.
class AuthTest : public ::testing::Test {
 protected:
  AuthTest() {
    const std::string secret_file = dir_.path() + "/admin";
    std::ofstream(secret_file) << kAdminSecret << "\n";
    chmod(secret_file.c_str(), 0600);
    options_.admin_secret_file = secret_file;
    options_.store.data_dir = dir_.path() + "/store";
    options_.http_listen = "127.0.0.1:0";
    options_.limits.refusal_delay = absl::Milliseconds(1);
    Restart();
  }

  void Restart() {
    server_.reset();
    server_.emplace(options_);
  }

  KeyClient As(const std::string& secret) { return KeyClient(server_->channel(), secret); }
  KeyClient Admin() { return As(kAdminSecret); }

  // Makes a key; its id and secret.
  v1::CreateKeyResponse Create(const v1::CreateKeyRequest& request) {
    v1::CreateKeyResponse response;
    const CallOutcome outcome = Admin().CreateKey(request, response);
    EXPECT_TRUE(outcome.ok()) << outcome.status.error_message();
    return response;
  }
  std::string Secret(const std::vector<v1::Permission>& permissions, const std::vector<std::string>& instances) {
    return Create(KeyRequest(permissions, instances)).secret();
  }

  // Every call that needs a permission on `device`, each with this secret.
  std::vector<CallOutcome> EveryCall(const std::string& secret) {
    KeyClient client = As(secret);
    return {client.Append("device"),    client.AppendStream("device"), client.Fetch("device"),
            client.Subscribe("device"), client.Get("device"),          client.Delete("device")};
  }

  // The administrative records, as type and data.
  std::vector<std::string> AuditRecords() {
    KeyClient admin = Admin();
    grpc::ClientContext context;
    SetSecret(context, kAdminSecret);
    v1::FetchMissedRequest request;
    request.set_instance("playhead.audit");
    request.mutable_start()->mutable_beginning();
    v1::FetchMissedResponse response;
    EXPECT_TRUE(admin.events().FetchMissed(&context, request, &response).ok());
    std::vector<std::string> records;
    for (const v1::Event& event : response.events()) records.push_back(absl::StrCat(event.type(), " ", event.data()));
    return records;
  }

  const testing::TempDir dir_;
  broker::ServerOptions options_ = testing::TestServerOptions();
  std::optional<TestServer> server_;
};

TEST_F(AuthTest, NoSecretOrAWrongOneIsRefusedOnEveryCallAndStream) {
  const std::string right = Secret({kAppend, kSubscribe, kManage}, {"*"});
  std::string other_bits = right;
  other_bits.back() = other_bits.back() == 'A' ? 'B' : 'A';
  const std::vector<std::string> wrong = {"",
                                          "nonsense",
                                          "ph_",
                                          "ph_k000000000000_",
                                          other_bits,
                                          "ph_k000000000000_" + right.substr(17),
                                          right + "A",
                                          right.substr(0, right.size() - 1),
                                          std::string(2000, 'x')};
  for (const std::string& secret : wrong) {
    SCOPED_TRACE(secret);
    for (const CallOutcome& outcome : EveryCall(secret)) ExpectRefused(outcome, Reason::kUnauthenticated);
    v1::CreateKeyResponse response;
    ExpectRefused(As(secret).CreateKey(KeyRequest({kAppend}, {"device"}), response), Reason::kUnauthenticated);
  }
  for (const CallOutcome& outcome : EveryCall(right)) EXPECT_TRUE(outcome.ok()) << outcome.status.error_message();
}

TEST_F(AuthTest, AnotherSchemeThanBearerIsNoSecret) {
  const std::string right = Secret({kSubscribe}, {"device"});
  for (const std::string& value : {"Basic " + right, right.substr(1), std::string("Bearer")}) {
    grpc::ClientContext context;
    context.AddMetadata("authorization", value);
    v1::GetInstanceRequest request;
    request.set_instance("device");
    v1::Instance response;
    const grpc::Status status = Admin().events().GetInstance(&context, request, &response);
    ExpectRefused(OutcomeOf(status, context), Reason::kUnauthenticated);
  }
}

TEST_F(AuthTest, AKeyDoesWhatItsPermissionsSayToTheInstancesItCovers) {
  ASSERT_TRUE(Admin().Append("device").ok());
  struct Row {
    v1::Permission permission;
    std::vector<bool> allowed;  // In the order of EveryCall.
  };
  for (const Row& row : {Row{kAppend, {true, true, false, false, false, false}},
                         Row{kSubscribe, {false, false, true, true, true, false}},
                         Row{kManage, {false, false, false, false, false, true}}}) {
    const std::vector<CallOutcome> outcomes = EveryCall(Secret({row.permission}, {"device"}));
    for (size_t i = 0; i < outcomes.size(); ++i) {
      if (row.allowed[i]) {
        EXPECT_TRUE(outcomes[i].ok()) << i << outcomes[i].status.error_message();
      } else {
        ExpectRefused(outcomes[i], Reason::kPermissionDenied);
        EXPECT_THAT(outcomes[i].status.error_message(), HasSubstr("device"));
      }
    }
  }
  for (const char* pattern : {"devic", "device1", "device.*", "other"}) {
    for (const CallOutcome& outcome : EveryCall(Secret({kAppend, kSubscribe, kManage}, {pattern}))) {
      ExpectRefused(outcome, Reason::kPermissionDenied);
    }
  }
  for (const char* pattern : {"dev*", "device*", "*"}) {
    for (const CallOutcome& outcome : EveryCall(Secret({kAppend, kSubscribe, kManage}, {"x", pattern}))) {
      EXPECT_TRUE(outcome.ok()) << pattern << outcome.status.error_message();
    }
  }
}

TEST_F(AuthTest, AStreamThatTurnsToAnotherInstanceIsRefusedFromThereOn) {
  KeyClient client = As(Secret({kAppend}, {"mine*"}));
  grpc::ClientContext context;
  SetSecret(context, client.secret());
  const auto stream = client.events().AppendStream(&context);
  for (const char* instance : {"mine-1", "mine-2", "yours", "mine-1"}) {
    v1::AppendRequest request;
    request.set_instance(instance);
    request.add_events()->set_type("t");
    stream->Write(request);
  }
  stream->WritesDone();
  std::vector<std::string> results;
  v1::AppendStreamResponse response;
  while (stream->Read(&response)) results.push_back(response.has_appended() ? "ok" : response.error().code());
  const grpc::Status status = stream->Finish();
  ExpectRefused(OutcomeOf(status, context), Reason::kPermissionDenied);
  ASSERT_GE(results.size(), 3u);
  EXPECT_EQ(results[0], "ok");
  EXPECT_EQ(results[1], "ok");
  EXPECT_EQ(results[2], "PERMISSION_DENIED");
  if (results.size() > 3) {
    EXPECT_EQ(results[3], "PREVIOUS_FAILED");
  }
}

TEST_F(AuthTest, AListShowsWhatTheKeyCoversAndItsTokensNameNothingElse) {
  for (const char* name : {"a", "b1", "b2", "b3", "c", "d"}) ASSERT_TRUE(Admin().Append(name).ok());
  std::vector<std::string> names;
  ASSERT_TRUE(As(Secret({kAppend}, {"d", "b*", "b2", "nothing*"})).List(names).ok());
  EXPECT_THAT(names, ElementsAre("b1", "b2", "b3", "d"));
  names.clear();
  ASSERT_TRUE(As(Secret({kSubscribe}, {"*"})).List(names).ok());
  EXPECT_THAT(names, ElementsAre("a", "b1", "b2", "b3", "c", "d"));  // And not the audit log.
  names.clear();
  ASSERT_TRUE(Admin().List(names).ok());
  EXPECT_THAT(names, ElementsAre("a", "b1", "b2", "b3", "c", "d", "playhead.audit"));
}

TEST_F(AuthTest, InstancesOfTheBrokersOwnAreReadByManagersAndAppendedToByNoOne) {
  const std::string reader = Secret({kAppend, kSubscribe}, {"*"});
  ExpectRefused(As(reader).Fetch("playhead.audit"), Reason::kPermissionDenied);
  ExpectRefused(As(reader).Subscribe("playhead.audit"), Reason::kPermissionDenied);
  EXPECT_TRUE(As(Secret({kManage}, {"playhead.audit"})).Fetch("playhead.audit").ok());
  EXPECT_TRUE(Admin().Subscribe("playhead.audit").ok());
  ExpectRefused(Admin().Append("playhead.audit"), Reason::kPermissionDenied);
  ExpectRefused(Admin().AppendStream("playhead.other"), Reason::kPermissionDenied);
  ExpectRefused(Admin().Delete("playhead.audit"), Reason::kPermissionDenied);
}

TEST_F(AuthTest, HiddenEventsAreNamedByWhoManagesTheInstance) {
  testing::AppendAndWait(server_->log(), "device", {{.type = "playhead.hidden.unverified_webhook"}});
  const std::string reader = Secret({kAppend, kSubscribe}, {"device"});
  const std::string manager = Secret({kSubscribe, kManage}, {"device"});
  const std::string other_manager = Secret({kManage}, {"device"});
  const std::string elsewhere = Secret({kSubscribe, kManage}, {"other"});
  for (const char* hidden : {"playhead.hidden.unverified_webhook", "playhead.hidden.*", "playhead.hidden.unv*"}) {
    for (const std::string& secret : {reader, other_manager, elsewhere}) {
      ExpectRefused(As(secret).Fetch("device", {"number", hidden}), Reason::kPermissionDenied);
      ExpectRefused(As(secret).Subscribe("device", {"number", hidden}), Reason::kPermissionDenied);
    }
    EXPECT_TRUE(As(manager).Fetch("device", {"number", hidden}).ok());
    EXPECT_TRUE(As(manager).Subscribe("device", {"number", hidden}).ok());
  }
  for (const char* shown : {"number", "*", "playhead.*"}) {
    EXPECT_TRUE(As(reader).Fetch("device", {shown}).ok());
    EXPECT_TRUE(As(reader).Subscribe("device", {shown}).ok());
  }
}

TEST_F(AuthTest, OnlyWhoManagesEverythingManagesKeys) {
  v1::CreateKeyResponse response;
  for (const std::string& secret :
       {Secret({kAppend, kSubscribe}, {"*"}), Secret({kAppend, kSubscribe, kManage}, {"device*"})}) {
    ExpectRefused(As(secret).CreateKey(KeyRequest({kAppend}, {"device"}), response), Reason::kPermissionDenied);
    ExpectRefused(As(secret).RevokeKey("k000000000000"), Reason::kPermissionDenied);
  }
  EXPECT_TRUE(As(Secret({kManage}, {"*"})).CreateKey(KeyRequest({kAppend}, {"device"}), response).ok());
}

TEST_F(AuthTest, AKeyThatBreaksARuleIsNotMade) {
  const auto expect_invalid = [this](const v1::CreateKeyRequest& request) {
    v1::CreateKeyResponse response;
    ExpectRefused(Admin().CreateKey(request, response), Reason::kKeyInvalid);
  };
  expect_invalid(KeyRequest({}, {"device"}));
  expect_invalid(KeyRequest({v1::PERMISSION_UNSPECIFIED}, {"device"}));
  expect_invalid(KeyRequest({kAppend}, {}));
  expect_invalid(KeyRequest({kAppend}, {"no spaces"}));
  expect_invalid(KeyRequest({kAppend}, {"a*b"}));
  expect_invalid(KeyRequest({kAppend}, std::vector<std::string>(65, "device")));
  v1::CreateKeyRequest request = KeyRequest({kAppend}, {"device"});
  request.set_name("");
  expect_invalid(request);
  request.set_name("two\nlines");
  expect_invalid(request);
  request = KeyRequest({kAppend}, {"device"});
  request.set_expires_at(absl::ToUnixMicros(absl::Now() - absl::Seconds(1)));
  expect_invalid(request);
  EXPECT_THAT(AuditRecords(), IsEmpty());
}

// Opens a subscription and a stream of appends with a secret, and waits until both are let in.
class OpenStreams {
 public:
  explicit OpenStreams(KeyClient client) : client_(std::move(client)) {
    SetSecret(subscribe_context_, client_.secret());
    v1::SubscribeRequest request;
    request.set_instance("device");
    request.mutable_start()->mutable_now();
    reader_ = client_.events().Subscribe(&subscribe_context_, request);
    v1::SubscribeResponse start;
    EXPECT_TRUE(reader_->Read(&start));
    SetSecret(append_context_, client_.secret());
    appender_ = client_.events().AppendStream(&append_context_);
    v1::AppendRequest append;
    append.set_instance("device");
    append.add_events()->set_type("t");
    EXPECT_TRUE(appender_->Write(append));
    v1::AppendStreamResponse reply;
    EXPECT_TRUE(appender_->Read(&reply));
  }

  // Waits for both to end.
  std::vector<CallOutcome> AwaitEnd() {
    v1::SubscribeResponse response;
    while (reader_->Read(&response)) {
    }
    v1::AppendStreamResponse reply;
    while (appender_->Read(&reply)) {
    }
    const grpc::Status subscribed = reader_->Finish();
    const grpc::Status appended = appender_->Finish();
    return {OutcomeOf(subscribed, subscribe_context_), OutcomeOf(appended, append_context_)};
  }

 private:
  KeyClient client_;
  grpc::ClientContext subscribe_context_;
  grpc::ClientContext append_context_;
  std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>> reader_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::AppendRequest, v1::AppendStreamResponse>> appender_;
};

TEST_F(AuthTest, RevocationEndsLiveStreamsAndEveryLaterCall) {
  const v1::CreateKeyResponse key = Create(KeyRequest({kAppend, kSubscribe}, {"device"}));
  const v1::CreateKeyResponse other = Create(KeyRequest({kAppend, kSubscribe}, {"device"}));
  OpenStreams streams(As(key.secret()));
  ASSERT_TRUE(Admin().RevokeKey(key.key().id()).ok());
  EXPECT_LT(broker::kCallerCheckInterval,
            absl::Seconds(1));  // What is promised; how long it took, the machine decides.
  for (const CallOutcome& outcome : streams.AwaitEnd()) ExpectRefused(outcome, Reason::kKeyRevoked);
  ExpectRefused(As(key.secret()).Append("device"), Reason::kKeyRevoked);
  ExpectRefused(As(key.secret()).Subscribe("device"), Reason::kKeyRevoked);
  EXPECT_TRUE(As(other.secret()).Append("device").ok());
  EXPECT_TRUE(Admin().RevokeKey(key.key().id()).ok());  // Again.
  ExpectRefused(Admin().RevokeKey("k000000000000"), Reason::kKeyNotFound);
}

TEST_F(AuthTest, ExpiryEndsLiveStreamsAndEveryLaterCall) {
  v1::CreateKeyRequest request = KeyRequest({kAppend, kSubscribe}, {"device"});
  const absl::Time expires_at = absl::Now() + absl::Seconds(10);
  request.set_expires_at(absl::ToUnixMicros(expires_at));
  const v1::CreateKeyResponse key = Create(request);
  OpenStreams streams(As(key.secret()));
  for (const CallOutcome& outcome : streams.AwaitEnd()) ExpectRefused(outcome, Reason::kKeyExpired);
  EXPECT_GE(absl::Now(), expires_at);
  ExpectRefused(As(key.secret()).Append("device"), Reason::kKeyExpired);
  v1::RotateKeyRequest rotate;
  rotate.set_id(key.key().id());
  rotate.set_expires_at(0);
  v1::RotateKeyResponse rotated;
  ASSERT_TRUE(Admin().RotateKey(rotate, rotated).ok());
  EXPECT_TRUE(As(rotated.secret()).Append("device").ok());
}

TEST_F(AuthTest, RotationKeepsTheOldSecretForItsGraceAndThenEndsItsStreams) {
  const v1::CreateKeyResponse key = Create(KeyRequest({kAppend, kSubscribe}, {"device"}));
  OpenStreams streams(As(key.secret()));
  v1::RotateKeyRequest rotate;
  rotate.set_id(key.key().id());
  rotate.set_grace_seconds(10);
  v1::RotateKeyResponse rotated;
  ASSERT_TRUE(Admin().RotateKey(rotate, rotated).ok());
  EXPECT_TRUE(As(key.secret()).Append("device").ok());
  EXPECT_TRUE(As(rotated.secret()).Append("device").ok());
  EXPECT_EQ(rotated.key().id(), key.key().id());
  OpenStreams with_new(As(rotated.secret()));
  for (const CallOutcome& outcome : streams.AwaitEnd()) ExpectRefused(outcome, Reason::kKeyExpired);
  ExpectRefused(As(key.secret()).Append("device"), Reason::kKeyExpired);
  EXPECT_TRUE(As(rotated.secret()).Append("device").ok());
  ASSERT_TRUE(Admin().RevokeKey(key.key().id()).ok());
  for (const CallOutcome& outcome : with_new.AwaitEnd()) ExpectRefused(outcome, Reason::kKeyRevoked);
  ExpectRefused(Admin().RotateKey(rotate, rotated), Reason::kKeyRevoked);
}

TEST_F(AuthTest, KeysOutliveARestartAndTheirStoreNeverRunsOpen) {
  const v1::CreateKeyResponse good = Create(KeyRequest({kAppend}, {"device"}));
  const v1::CreateKeyResponse revoked = Create(KeyRequest({kAppend}, {"device"}));
  const v1::CreateKeyResponse turned = Create(KeyRequest({kAppend}, {"device"}));
  ASSERT_TRUE(Admin().RevokeKey(revoked.key().id()).ok());
  v1::RotateKeyRequest rotate;
  rotate.set_id(turned.key().id());
  v1::RotateKeyResponse rotated;
  ASSERT_TRUE(Admin().RotateKey(rotate, rotated).ok());

  options_.admin_secret_file.clear();
  Restart();
  EXPECT_FALSE(server_->server().auth().open());
  EXPECT_TRUE(As(good.secret()).Append("device").ok());
  ExpectRefused(As(revoked.secret()).Append("device"), Reason::kKeyRevoked);
  EXPECT_TRUE(As(turned.secret()).Append("device").ok());  // In its grace.
  EXPECT_TRUE(As(rotated.secret()).Append("device").ok());
  ExpectRefused(As("").Append("device"), Reason::kUnauthenticated);
  ExpectRefused(Admin().Append("device"), Reason::kUnauthenticated);
}

TEST_F(AuthTest, AStoreWhoseKeysAreAllRevokedStaysClosed) {
  ASSERT_TRUE(Admin().RevokeKey(Create(KeyRequest({kAppend}, {"device"})).key().id()).ok());
  options_.admin_secret_file.clear();
  Restart();
  ExpectRefused(As("").Append("device"), Reason::kUnauthenticated);
}

TEST_F(AuthTest, TheFirstKeyOfAnOpenBrokerEndsOpenRunningForGood) {
  options_.admin_secret_file.clear();
  Restart();
  EXPECT_TRUE(As("").Append("device").ok());
  EXPECT_TRUE(As("anything").Append("device").ok());
  v1::CreateKeyResponse response;
  ExpectRefused(As("").CreateKey(KeyRequest({kAppend}, {"device"}), response), Reason::kKeyInvalid);
  OpenStreams streams(As(""));
  ASSERT_TRUE(As("").CreateKey(KeyRequest({kManage}, {"*"}), response).ok());
  for (const CallOutcome& outcome : streams.AwaitEnd()) ExpectRefused(outcome, Reason::kUnauthenticated);
  ExpectRefused(As("").Append("device"), Reason::kUnauthenticated);
  EXPECT_TRUE(As(response.secret()).CreateKey(KeyRequest({kAppend}, {"device"}), response).ok());
}

TEST_F(AuthTest, MetricsAreForThoseWhoManageEverything) {
  const auto get = [&](const std::string& secret) {
    const std::string header = secret.empty() ? "" : absl::StrCat("Authorization: Bearer ", secret, "\r\n");
    return testing::HttpConnection(server_->server().http_address()).Get("/metrics", header);
  };
  for (const std::string& secret : {std::string(), std::string("nonsense")}) {
    const testing::HttpResponse response = get(secret);
    EXPECT_EQ(response.status, 401);
    EXPECT_EQ(response.headers.at("error-code"), "UNAUTHENTICATED");
    EXPECT_THAT(response.body, Not(HasSubstr("playhead_")));
  }
  for (const std::string& secret :
       {Secret({kAppend, kSubscribe}, {"*"}), Secret({kManage}, {"device", "playhead.*"})}) {
    const testing::HttpResponse response = get(secret);
    EXPECT_EQ(response.status, 403);
    EXPECT_EQ(response.headers.at("error-code"), "PERMISSION_DENIED");
    EXPECT_THAT(response.body, Not(HasSubstr("playhead_")));
  }
  for (const std::string& secret : {Secret({kManage}, {"*"}), std::string(kAdminSecret)}) {
    const testing::HttpResponse response = get(secret);
    EXPECT_EQ(response.status, 200);
    EXPECT_THAT(response.body, HasSubstr("playhead_"));
  }
}

// With the delay that the broker has unless a test shortens it.
TEST_F(AuthTest, ManyWrongAttemptsAreAnsweredLateAndNeverSlowTheRightOne) {
  options_.limits.refusal_delay = broker::Limits().refusal_delay;
  Restart();
  const std::string right = Secret({kAppend}, {"device"});
  std::string wrong = right;
  wrong.back() = wrong.back() == 'A' ? 'B' : 'A';
  std::atomic<bool> stop = false;
  std::atomic<int> late = 0;
  std::vector<std::thread> attackers;
  for (int i = 0; i < 8; ++i) {
    attackers.emplace_back([&] {
      KeyClient client = As(wrong);
      while (!stop) {
        const absl::Time start = absl::Now();
        EXPECT_EQ(client.Append("device").code(), "UNAUTHENTICATED");
        if (absl::Now() - start > absl::Milliseconds(900)) ++late;
      }
    });
  }
  while (late < 8) std::this_thread::yield();
  KeyClient client = As(right);
  absl::Duration fastest = absl::InfiniteDuration();
  for (int i = 0; i < 50; ++i) {
    const absl::Time start = absl::Now();
    EXPECT_TRUE(client.Append("device").ok());
    fastest = std::min(fastest, absl::Now() - start);
  }
  EXPECT_LT(fastest, options_.limits.refusal_delay) << "each would be held back for so long";
  stop = true;
  for (std::thread& attacker : attackers) attacker.join();
}

TEST_F(AuthTest, AppendsBeyondTheRateAreRefusedWithWhenToRetryAndStreamsAreSlowedDown) {
  v1::CreateKeyRequest request = KeyRequest({kAppend}, {"device"});
  request.mutable_quotas()->set_append_events_per_second(20);
  KeyClient client = As(Create(request).secret());
  const absl::Time start = absl::Now();
  CallOutcome outcome = client.Append("device", 220);
  ASSERT_TRUE(outcome.ok());  // Ten seconds of debt.
  outcome = client.Append("device");
  ExpectRefused(outcome, Reason::kQuotaExceeded);
  const int wait_ms = std::stoi(outcome.trailers["retry-after-ms"]);
  EXPECT_GT(wait_ms, 0);
  EXPECT_LE(wait_ms, 10'100);
  EXPECT_TRUE(client.AppendStream("device").ok());
  EXPECT_GT(absl::Now() - start, absl::Seconds(9));

  request.mutable_quotas()->set_append_events_per_second(0);
  request.mutable_quotas()->set_append_bytes_per_second(1000);
  KeyClient by_bytes = As(Create(request).secret());
  EXPECT_TRUE(by_bytes.Append("device", 1, 10'000).ok());
  ExpectRefused(by_bytes.Append("device"), Reason::kQuotaExceeded);
}

TEST_F(AuthTest, StreamsBeyondTheKeysQuotaAreRefusedAndAPlaceIsGivenBack) {
  v1::CreateKeyRequest request = KeyRequest({kAppend, kSubscribe}, {"device"});
  request.mutable_quotas()->set_streams_max(2);
  KeyClient client = As(Create(request).secret());
  {
    OpenStreams both(As(client.secret()));
    ExpectRefused(client.Subscribe("device"), Reason::kQuotaExceeded);
    ExpectRefused(client.AppendStream("device"), Reason::kQuotaExceeded);
    EXPECT_TRUE(Admin().Subscribe("device").ok());
  }
  while (server_->server().streams().size() > 0) std::this_thread::yield();
  EXPECT_TRUE(client.Subscribe("device").ok());
}

TEST_F(AuthTest, NewInstancesBeyondTheKeysQuotaAreRefusedOnEveryCallThatMakesThem) {
  ASSERT_TRUE(Admin().Append("app-0").ok());
  ASSERT_TRUE(Admin().Append("other").ok());
  v1::CreateKeyRequest request = KeyRequest({kAppend, kSubscribe, kManage}, {"app-*", "app-0"});
  request.mutable_quotas()->set_instances_max(3);
  KeyClient client = As(Create(request).secret());
  EXPECT_TRUE(client.Append("app-1").ok());
  EXPECT_TRUE(client.Subscribe("app-2").ok());
  ExpectRefused(client.Append("app-3"), Reason::kQuotaExceeded);
  ExpectRefused(client.AppendStream("app-3"), Reason::kQuotaExceeded);
  ExpectRefused(client.Subscribe("app-3"), Reason::kQuotaExceeded);
  ExpectRefused(client.Fetch("app-3"), Reason::kQuotaExceeded);
  for (const char* existing : {"app-0", "app-1", "app-2"}) EXPECT_TRUE(client.Append(existing).ok());
  ASSERT_TRUE(client.Delete("app-1").ok());
  CallOutcome outcome = client.Append("app-3");
  while (outcome.code() == "QUOTA_EXCEEDED") outcome = client.Append("app-3");  // A count is good for a second.
  EXPECT_TRUE(outcome.ok()) << outcome.status.error_message();
  // A name that was used before and is deleted is as new as any other.
  ExpectRefused(client.Append("app-1"), Reason::kQuotaExceeded);
}

TEST_F(AuthTest, AdministrativeActsLeaveARecordWithWhoDidThem) {
  const v1::CreateKeyResponse manager = Create(KeyRequest({kManage, kAppend}, {"*"}));
  ASSERT_TRUE(As(manager.secret()).Append("device").ok());
  ASSERT_TRUE(As(manager.secret()).Delete("device").ok());
  v1::RotateKeyRequest rotate;
  rotate.set_id(manager.key().id());
  v1::RotateKeyResponse rotated;
  ASSERT_TRUE(Admin().RotateKey(rotate, rotated).ok());
  ASSERT_TRUE(Admin().RevokeKey(manager.key().id()).ok());
  const std::vector<std::string> records = AuditRecords();
  ASSERT_EQ(records.size(), 4u);
  const std::string& id = manager.key().id();
  EXPECT_THAT(records[0], HasSubstr(absl::StrCat("audit.key_created {\"actor\":\"admin\",\"subject\":\"", id, "\"")));
  EXPECT_THAT(records[1],
              HasSubstr(absl::StrCat("audit.instance_deleted {\"actor\":\"", id, "\",\"subject\":\"device\"")));
  EXPECT_THAT(records[2], HasSubstr("audit.key_rotated {\"actor\":\"admin\""));
  EXPECT_THAT(records[3], HasSubstr("audit.key_revoked {\"actor\":\"admin\""));
  for (const std::string& record : records) {
    for (const std::string& secret : {manager.secret(), rotated.secret(), std::string(kAdminSecret)}) {
      EXPECT_THAT(record, Not(HasSubstr(secret)));
    }
  }
}

TEST_F(AuthTest, ListedKeysSayEverythingButTheirSecrets) {
  std::vector<std::string> secrets;
  for (int i = 0; i < 5; ++i) secrets.push_back(Secret({kAppend}, {"device"}));
  KeyClient admin = Admin();
  std::vector<v1::Key> keys;
  v1::ListKeysRequest request;
  request.set_page_size(2);
  do {
    grpc::ClientContext context;
    SetSecret(context, kAdminSecret);
    v1::ListKeysResponse response;
    ASSERT_TRUE(admin.keys().List(&context, request, &response).ok());
    keys.insert(keys.end(), response.keys().begin(), response.keys().end());
    for (const std::string& secret : secrets) EXPECT_THAT(response.DebugString(), Not(HasSubstr(secret.substr(17))));
    request.set_page_token(response.next_page_token());
  } while (!request.page_token().empty());
  EXPECT_EQ(keys.size(), 5u);
  EXPECT_EQ(keys[0].name(), "test");
  EXPECT_GT(keys[0].created_at(), 0);
}

}  // namespace
}  // namespace playhead
