// Replays as an operator runs them: a real broker over gRPC, and a real receiver over HTTP.

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "broker/webhook/signature.h"
#include "client/client.h"
#include "client/replays_client.h"
#include "client/webhooks_client.h"
#include "proto/errors.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/certificate_files.h"
#include "tests/support/delete_instance.h"
#include "tests/support/http_receiver.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::HttpReceiver;
using Answer = HttpReceiver::Answer;
using State = v1::Replay;

class ReplayTest : public ::testing::Test {
 protected:
  ReplayTest() {
    options_.store.data_dir = dir_.path() + "/data";
    Restart();
  }

  // Stops the broker, if there is one, and starts it on the same store.
  void Restart() {
    server_.reset();
    server_ = std::make_unique<testing::TestServer>(options_);
    ClientOptions client{.target = server_->server().grpc_address()};
    replays_ = std::make_unique<ReplaysClient>(*ReplaysClient::Create(client));
  }

  storage::EventLog& log() { return server_->log(); }

  absl::StatusOr<v1::ReplayPlan> Plan(const std::vector<std::string>& instances) {
    v1::PlanReplayRequest request;
    for (const std::string& instance : instances) request.add_instances(instance);
    request.mutable_start()->mutable_beginning();
    return replays_->Plan(request);
  }

  v1::StartReplayRequest To(const std::string& url, const std::vector<std::string>& instances = {"bot"}) {
    const auto plan = Plan(instances);
    EXPECT_TRUE(plan.ok()) << plan.status();
    v1::StartReplayRequest request;
    *request.mutable_ranges() = plan->ranges();
    request.set_expected_count(plan->event_count());
    request.set_rate(100'000);
    request.mutable_endpoint()->set_url(url);
    return request;
  }

  std::string StartReplay(const v1::StartReplayRequest& request) {
    const auto replay = replays_->Start(request);
    EXPECT_TRUE(replay.ok()) << replay.status();
    return replay.ok() ? replay->id() : "";
  }

  // Asks until it is in the state, as long as it runs.
  v1::Replay AwaitState(const std::string& id, State::State state) {
    for (;;) {
      auto replay = replays_->Get(id);
      if (!replay.ok()) {
        ADD_FAILURE() << replay.status();
        return v1::Replay();
      }
      if (replay->state() == state) return *std::move(replay);
      if (replay->state() != v1::Replay::RUNNING) {
        ADD_FAILURE() << replay->ShortDebugString();
        return *std::move(replay);
      }
      absl::SleepFor(absl::Milliseconds(2));
    }
  }

  absl::Status SetAppSecret(const std::string& instance, const std::string& secret) {
    v1::SetWebhookSecretRequest request;
    request.set_instance(instance);
    request.set_secret(secret);
    return WebhooksClient::Create({.target = server_->server().grpc_address()})->SetSecret(request).status();
  }

  static std::vector<std::string> Bodies(const HttpReceiver& receiver) {
    std::vector<std::string> bodies;
    for (const auto& request : receiver.taken()) bodies.push_back(request.body);
    return bodies;
  }

  static std::vector<std::string> Numbers(uint64_t first, uint64_t count) {
    std::vector<std::string> numbers;
    for (uint64_t i = first; i < first + count; ++i) numbers.push_back(std::to_string(i));
    return numbers;
  }

  const testing::TempDir dir_;
  broker::ServerOptions options_ = testing::TestServerOptions();
  std::unique_ptr<testing::TestServer> server_;
  std::unique_ptr<ReplaysClient> replays_;
};

TEST_F(ReplayTest, EveryPlannedEventIsPostedOnceInOrderWithItsHeaders) {
  testing::AppendNumbered(log(), "bot", 0, 300);
  testing::AppendAndWait(
      log(), "other",
      {{.type = "message.read", .data = "{\"a\":1}", .id = "m 1%", .created_at = 7, .attributes = {{"k&", "v=w"}}}});
  HttpReceiver receiver([](const auto&) { return Answer{}; });
  const std::string id = StartReplay(To(receiver.origin() + "/hook?a=b", {"other", "bot"}));
  const v1::Replay replay = AwaitState(id, State::DONE);
  EXPECT_EQ(replay.sent_count(), 301);
  EXPECT_EQ(replay.planned_count(), 301);
  EXPECT_EQ(replay.gone_count() + replay.skipped_count() + replay.retry_count(), 0);

  std::vector<std::string> expected = Numbers(0, 300);
  expected.push_back("{\"a\":1}");
  EXPECT_EQ(Bodies(receiver), expected);
  EXPECT_EQ(receiver.connection_count(), 1);
  auto headers = receiver.taken()[300].headers;
  EXPECT_EQ(receiver.taken()[300].target, "/hook?a=b");
  EXPECT_EQ(headers["playhead-replay"], id);
  EXPECT_EQ(headers["playhead-instance"], "other");
  EXPECT_EQ(headers["playhead-cursor"], "1");
  EXPECT_EQ(headers["playhead-type"], "message.read");
  EXPECT_EQ(headers["playhead-id"], "m%201%25");
  EXPECT_EQ(headers["playhead-created-at"], "7");
  EXPECT_EQ(headers["playhead-attributes"], "k%26=v%3Dw");
  EXPECT_EQ(headers["content-type"], "application/json");
  EXPECT_EQ(headers.count("x-hub-signature-256"), 0);
}

// KurrentDB #3844: one click replayed 380,000 events that nobody had counted.
TEST_F(ReplayTest, KurrentDb3844NothingIsSentUnlessTheCountIsThePlans) {
  testing::AppendNumbered(log(), "bot", 0, 10);
  HttpReceiver receiver([](const auto&) { return Answer{}; });
  v1::StartReplayRequest request = To(receiver.origin());
  request.clear_expected_count();
  EXPECT_TRUE(HasReason(replays_->Start(request).status(), Reason::kReplayPlanChanged));
  request.set_expected_count(10);
  // What came since the plan is not in it; what went since changes it.
  testing::AppendNumbered(log(), "bot", 10, 5);
  const auto instance = testing::Await<std::shared_ptr<storage::Instance>>(
      [&](auto done) { log().OpenInstance("bot", storage::OpenMode::kExisting, std::move(done)); });
  ASSERT_TRUE(
      testing::AwaitStatus([&](auto done) { log().Trim(*instance, storage::Cursor(3), std::move(done)); }).ok());
  EXPECT_TRUE(HasReason(replays_->Start(request).status(), Reason::kReplayPlanChanged));
  EXPECT_EQ(receiver.request_count(), 0);
  EXPECT_TRUE(replays_->List()->empty());
  request.set_expected_count(8);
  AwaitState(StartReplay(request), State::DONE);
  EXPECT_EQ(Bodies(receiver), Numbers(2, 8));
}

TEST_F(ReplayTest, WhoReplayedWhatIsRecordedBeforeItStarts) {
  testing::AppendNumbered(log(), "bot", 0, 10);
  HttpReceiver receiver([](const auto&) { return Answer{}; });
  const std::string id = StartReplay(To(receiver.origin()));
  AwaitState(id, State::DONE);
  Client client = *Client::Create({.target = server_->server().grpc_address()});
  std::string found;
  for (const auto& event : client.FetchMissed({.instance = "playhead.audit", .start = Start::Beginning()})) {
    ASSERT_TRUE(event.ok()) << event.status();
    if (event->type() == "audit.replay_started") found = std::string(event->data());
  }
  EXPECT_NE(found.find(id), std::string::npos) << found;
  EXPECT_NE(found.find("events=10 instances=1"), std::string::npos) << found;
  EXPECT_NE(found.find(absl::StrCat("target=", receiver.origin())), std::string::npos) << found;
}

TEST_F(ReplayTest, AReceiverThatFailsGetsTheEventAgainAndNothingOvertakesIt) {
  testing::AppendNumbered(log(), "bot", 0, 20);
  std::atomic<int> requests{0};
  HttpReceiver receiver([&requests](const auto& request) {
    const int n = requests++;
    if (request.body == "3" && n < 5) return Answer{.status = 503};
    if (request.body == "7" && n < 11) return Answer{.hangs_up = true};
    if (request.body == "9") return Answer{.then_closes = true};
    return Answer{.body_bytes = request.body == "11" ? size_t{1} << 20 : 0};
  });
  const v1::Replay replay = AwaitState(StartReplay(To(receiver.origin())), State::DONE);
  EXPECT_EQ(Bodies(receiver), Numbers(0, 20));
  EXPECT_EQ(replay.sent_count(), 20);
  EXPECT_GT(replay.retry_count(), 1);
}

TEST_F(ReplayTest, ARefusedEventPausesAndResumingTriesItAgain) {
  testing::AppendNumbered(log(), "bot", 0, 10);
  std::atomic<bool> wants_it{false};
  HttpReceiver receiver(
      [&wants_it](const auto& request) { return request.body == "4" && !wants_it ? Answer{.status = 422} : Answer{}; });
  const std::string id = StartReplay(To(receiver.origin()));
  const v1::Replay paused = AwaitState(id, State::PAUSED);
  EXPECT_EQ(paused.sent_count(), 4);
  EXPECT_NE(paused.problem().find("422"), std::string::npos) << paused.problem();
  EXPECT_EQ(receiver.request_count(), 5) << "a refusal is not tried again by itself";
  wants_it = true;
  ASSERT_TRUE(replays_->Resume(id).ok());
  AwaitState(id, State::DONE);
  EXPECT_EQ(Bodies(receiver), Numbers(0, 10));
}

// RFC 9110, 15.2. One that was taken for the answer would leave the answer to the next event.
TEST_F(ReplayTest, InterimAnswersAreNotAnswers) {
  testing::AppendNumbered(log(), "bot", 0, 10);
  HttpReceiver receiver(
      [](const auto& request) { return Answer{.status = request.body == "4" ? 400u : 200u, .has_interim = true}; });
  v1::StartReplayRequest request = To(receiver.origin());
  request.mutable_endpoint()->set_on_refusal(v1::ReplayEndpoint::ON_REFUSAL_SKIP);
  const v1::Replay replay = AwaitState(StartReplay(request), State::DONE);
  EXPECT_EQ(replay.sent_count(), 9);
  EXPECT_EQ(replay.skipped_count(), 1);
  EXPECT_EQ(receiver.request_count(), 10u) << "each was sent once";
  EXPECT_EQ(receiver.connection_count(), 1u);
}

TEST_F(ReplayTest, RefusedEventsAreSkippedAndCountedIfAskedFor) {
  testing::AppendNumbered(log(), "bot", 0, 10);
  HttpReceiver receiver([](const auto& request) {
    return request.body == "4" || request.body == "9" ? Answer{.status = 400} : Answer{};
  });
  v1::StartReplayRequest request = To(receiver.origin());
  request.mutable_endpoint()->set_on_refusal(v1::ReplayEndpoint::ON_REFUSAL_SKIP);
  const v1::Replay replay = AwaitState(StartReplay(request), State::DONE);
  EXPECT_EQ(replay.sent_count(), 8);
  EXPECT_EQ(replay.skipped_count(), 2);
}

TEST_F(ReplayTest, RedirectsAreNotFollowed) {
  testing::AppendNumbered(log(), "bot", 0, 3);
  HttpReceiver elsewhere([](const auto&) { return Answer{}; });
  HttpReceiver receiver(
      [&elsewhere](const auto&) { return Answer{.status = 307, .location = elsewhere.origin() + "/"}; });
  const v1::Replay replay = AwaitState(StartReplay(To(receiver.origin())), State::PAUSED);
  EXPECT_NE(replay.problem().find("307"), std::string::npos) << replay.problem();
  EXPECT_EQ(elsewhere.request_count(), 0);
}

TEST_F(ReplayTest, PauseStopsAndResumeGoesOnWhereItWas) {
  testing::AppendNumbered(log(), "bot", 0, 10'000);
  HttpReceiver receiver([](const auto&) { return Answer{}; });
  v1::StartReplayRequest request = To(receiver.origin());
  request.set_rate(500);
  const std::string id = StartReplay(request);
  receiver.AwaitTaken(20);
  ASSERT_TRUE(replays_->Pause(id).ok());
  const v1::Replay paused = AwaitState(id, State::PAUSED);
  EXPECT_EQ(paused.problem(), "");
  EXPECT_LT(paused.sent_count(), 10'000);
  EXPECT_TRUE(replays_->Pause(id).ok()) << "pausing twice is no error";
  ASSERT_TRUE(replays_->Resume(id).ok());
  receiver.AwaitTaken(60);
  ASSERT_TRUE(replays_->Cancel(id).ok());
  AwaitState(id, State::CANCELLED);
  const std::vector<std::string> bodies = Bodies(receiver);
  EXPECT_LE(bodies.size(), 10'000u);
  EXPECT_EQ(bodies, Numbers(0, bodies.size())) << "in order, and none twice";
  EXPECT_TRUE(HasReason(replays_->Resume(id).status(), Reason::kReplayEnded));
  EXPECT_TRUE(HasReason(replays_->Get("nobody").status(), Reason::kReplayNotFound));
}

TEST_F(ReplayTest, AReceiverThatHangsHoldsUpNeitherPauseNorStop) {
  testing::AppendNumbered(log(), "bot", 0, 10);
  HttpReceiver receiver([](const auto& request) { return Answer{.hangs = request.body == "2"}; });
  const std::string id = StartReplay(To(receiver.origin()));
  receiver.AwaitRequests(3);
  EXPECT_EQ(replays_->Pause(id)->state(), State::PAUSED);
  ASSERT_TRUE(replays_->Resume(id).ok());
  const absl::Time before = absl::Now();
  server_.reset();
  EXPECT_LT(absl::Now() - before, absl::Seconds(29));
}

TEST_F(ReplayTest, ARestartedBrokerGoesOnWithWhatWasNotConfirmed) {
  testing::AppendNumbered(log(), "bot", 0, 3'000);
  HttpReceiver receiver([](const auto&) { return Answer{}; });
  v1::StartReplayRequest request = To(receiver.origin());
  request.set_rate(2'000);
  const std::string id = StartReplay(request);
  for (int i = 1; i <= 3; ++i) {
    receiver.AwaitTaken(static_cast<size_t>(i) * 300);
    Restart();
  }
  const v1::Replay replay = AwaitState(id, State::DONE);
  EXPECT_EQ(replay.sent_count(), 3'000);
  // Every event, in order; a stop may have come between an event's being taken and the broker's hearing of it.
  std::vector<std::string> once;
  size_t repeated = 0;
  for (const std::string& body : Bodies(receiver)) {
    if (!once.empty() && once.back() == body) {
      ++repeated;
    } else {
      once.push_back(body);
    }
  }
  EXPECT_EQ(once, Numbers(0, 3'000));
  EXPECT_LE(repeated, 3u);
}

TEST_F(ReplayTest, APausedReplayStaysPausedOverARestartAndEndedOnesAreListed) {
  testing::AppendNumbered(log(), "bot", 0, 10);
  HttpReceiver receiver([](const auto& request) { return Answer{.status = request.body == "5" ? 404u : 200u}; });
  const std::string id = StartReplay(To(receiver.origin()));
  AwaitState(id, State::PAUSED);
  const std::string cancelled = StartReplay(To(receiver.origin()));
  AwaitState(cancelled, State::PAUSED);
  ASSERT_TRUE(replays_->Cancel(cancelled).ok());
  Restart();
  const v1::Replay replay = *replays_->Get(id);
  EXPECT_EQ(replay.state(), State::PAUSED);
  EXPECT_EQ(replay.sent_count(), 5);
  EXPECT_NE(replay.problem().find("404"), std::string::npos);
  const auto all = *replays_->List();
  ASSERT_EQ(all.size(), 2);
  EXPECT_EQ(all[0].id(), cancelled);
  EXPECT_EQ(all[0].state(), State::CANCELLED);
  EXPECT_EQ(receiver.request_count(), 12);
}

TEST_F(ReplayTest, WhatIsTrimmedOrDeletedMeanwhileIsCountedAsGone) {
  testing::AppendNumbered(log(), "bot", 0, 10);
  testing::AppendNumbered(log(), "other", 0, 10);
  HttpReceiver receiver([](const auto& request) { return Answer{.status = request.body == "1" ? 404u : 200u}; });
  v1::StartReplayRequest request = To(receiver.origin(), {"bot", "other"});
  const std::string id = StartReplay(request);
  AwaitState(id, State::PAUSED);
  const auto instance = testing::Await<std::shared_ptr<storage::Instance>>(
      [&](auto done) { log().OpenInstance("bot", storage::OpenMode::kExisting, std::move(done)); });
  ASSERT_TRUE(
      testing::AwaitStatus([&](auto done) { log().Trim(*instance, storage::Cursor(5), std::move(done)); }).ok());
  ASSERT_TRUE(testing::DeleteInstance(log(), "other").ok());
  testing::AppendNumbered(log(), "other", 100, 10);
  ASSERT_TRUE(replays_->Resume(id).ok());
  const v1::Replay replay = AwaitState(id, State::DONE);
  EXPECT_EQ(replay.sent_count(), 7);
  EXPECT_EQ(replay.gone_count(), 13);
}

TEST_F(ReplayTest, TheRateIsKept) {
  testing::AppendNumbered(log(), "bot", 0, 50);
  HttpReceiver receiver([](const auto&) { return Answer{}; });
  v1::StartReplayRequest request = To(receiver.origin());
  request.set_rate(100);
  const absl::Time before = absl::Now();
  AwaitState(StartReplay(request), State::DONE);
  // 10 at once, the others at 100 a second. How much longer it takes is the machine's affair.
  EXPECT_GE(absl::Now() - before, absl::Milliseconds(380));
}

TEST_F(ReplayTest, OnlyAddressesThatTheOperatorNamedAreSentTo) {
  testing::AppendNumbered(log(), "bot", 0, 3);
  EXPECT_TRUE(
      HasReason(replays_->Start(To("http://169.254.169.254/latest/")).status(), Reason::kReplayEndpointRefused));
  HttpReceiver receiver([](const auto& request) { return Answer{.status = request.body == "1" ? 404u : 200u}; });
  const std::string id = StartReplay(To(receiver.origin() + "/hook"));
  AwaitState(id, State::PAUSED);
  // A replay that was let through once is not when the broker starts without.
  options_.admin_secret_file = dir_.path() + "/admin";
  testing::ReplaceFile(options_.admin_secret_file, std::string(40, 's') + "\n");
  std::filesystem::permissions(options_.admin_secret_file, std::filesystem::perms(0600));
  Restart();
  replays_ = std::make_unique<ReplaysClient>(*ReplaysClient::Create(
      {.target = server_->server().grpc_address(), .key = std::string(40, 's'), .allow_key_in_plain_text = true}));
  EXPECT_TRUE(HasReason(replays_->Resume(id).status(), Reason::kReplayEndpointRefused));
  EXPECT_TRUE(HasReason(replays_->Start(To(receiver.origin() + "/hook")).status(), Reason::kReplayEndpointRefused));
  EXPECT_EQ(receiver.request_count(), 2);
}

TEST_F(ReplayTest, TheServersCertificateMustHold) {
  const testing::CertificateFiles files;
  HttpReceiver receiver([](const auto&) { return Answer{}; }, &files);
  testing::AppendNumbered(log(), "bot", 0, 3);
  // Nobody vouches for it.
  const std::string id = StartReplay(To(receiver.origin()));
  while (replays_->Get(id)->problem().empty()) {
    ASSERT_EQ(receiver.request_count(), 0);
    absl::SleepFor(absl::Milliseconds(2));
  }
  EXPECT_EQ(receiver.request_count(), 0);
  options_.replay_ca_file = files.ca();
  Restart();
  AwaitState(id, State::DONE);
  EXPECT_EQ(Bodies(receiver), Numbers(0, 3));
}

TEST_F(ReplayTest, WhatIsSignedIsSignedAsMetaDoesAndTheSecretIsNowhereElse) {
  testing::AppendNumbered(log(), "bot", 0, 3);
  HttpReceiver receiver([](const auto&) { return Answer{}; });
  v1::StartReplayRequest request = To(receiver.origin());
  request.mutable_endpoint()->set_sign(true);
  EXPECT_TRUE(HasReason(replays_->Start(request).status(), Reason::kWebhookSecretMissing));
  ASSERT_TRUE(SetAppSecret("bot", "app-secret").ok());
  const std::string id = StartReplay(request);
  const v1::Replay replay = AwaitState(id, State::DONE);
  for (const auto& taken : receiver.taken()) {
    EXPECT_EQ(taken.headers.at("x-hub-signature-256"), broker::webhook::SignatureHeader(taken.body, "app-secret"));
  }
  EXPECT_EQ(replay.DebugString().find("app-secret"), std::string::npos);
}

TEST_F(ReplayTest, WhatTheCallerReadsItselfIsCheckedAndRecordedToo) {
  testing::AppendNumbered(log(), "bot", 0, 3);
  v1::StartReplayRequest request = To("");
  request.mutable_caller();
  request.set_expected_count(4);
  EXPECT_TRUE(HasReason(replays_->Start(request).status(), Reason::kReplayPlanChanged));
  request.set_expected_count(3);
  const auto replay = replays_->Start(request);
  ASSERT_TRUE(replay.ok()) << replay.status();
  EXPECT_EQ(replay->state(), State::HANDED_TO_CALLER);
  EXPECT_EQ(replays_->List()->size(), 1);
}

TEST_F(ReplayTest, ThereAreNoMoreThanSoManyAtATime) {
  testing::AppendNumbered(log(), "bot", 0, 3);
  HttpReceiver receiver([](const auto&) { return Answer{.status = 404}; });
  std::vector<std::string> ids;
  for (size_t i = 0; i < 16; ++i) ids.push_back(StartReplay(To(receiver.origin())));
  EXPECT_TRUE(HasReason(replays_->Start(To(receiver.origin())).status(), Reason::kReplaysLimit));
  ASSERT_TRUE(replays_->Cancel(ids[0]).ok());
  AwaitState(ids[0], State::CANCELLED);
  while (!replays_->Start(To(receiver.origin())).ok()) absl::SleepFor(absl::Milliseconds(2));
}

}  // namespace
}  // namespace playhead
