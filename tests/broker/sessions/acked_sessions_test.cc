// Sessions with acknowledgements over a real store: which events are redelivered, when, and which are not.
#include "broker/sessions/acked_sessions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/consumers/held_slices.h"
#include "broker/sessions/session_key.h"
#include "proto/errors.h"
#include "tests/broker/consumers/consumer_harness.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/fault_file_system.h"

namespace playhead::broker {
namespace {

using storage::Cursor;
using storage::EventId;
using testing::AppendNumbered;
using testing::Await;
using testing::BrokerCore;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::TempDir;

// A connection of one session, which sends one frame for each event.
class TestConnection {
 public:
  TestConnection(const Core& core, std::shared_ptr<AckedSession> session) : core_(core), session_(std::move(session)) {}
  ~TestConnection() {
    if (session_ != nullptr) Drop();
  }

  AckedSession& session() { return *session_; }
  void Drop() { session_->End(/*client_left=*/true); }
  void Stop() { session_->End(/*client_left=*/false); }
  // As a broker that crashes leaves it: nobody says that it ended.
  void Forget() { session_.reset(); }

  std::future<SessionDelivery> Ask() {
    auto promise = std::make_shared<std::promise<SessionDelivery>>();
    session_->Next([promise](SessionDelivery delivery) { promise->set_value(std::move(delivery)); });
    return promise->get_future();
  }

  // Takes the next delivery and sends what is in it.
  std::vector<uint64_t> Take() { return Send(Ask().get()); }
  std::vector<uint64_t> Send(const SessionDelivery& delivery) {
    std::vector<uint64_t> cursors;
    for (const Run& run : RunsOf(std::get<SessionEvents>(delivery).slices)) {
      for (uint64_t cursor = run.first.value(); cursor <= run.last.value(); ++cursor) {
        session_->Sent(Frame(cursor));
        cursors.push_back(cursor);
      }
    }
    return cursors;
  }
  std::vector<uint64_t> Take(size_t count) {
    std::vector<uint64_t> all;
    while (all.size() < count) {
      const auto some = Take();
      all.insert(all.end(), some.begin(), some.end());
    }
    return all;
  }
  absl::Status TakeClosed() { return std::get<Closed>(Ask().get()).status; }

  bool Ack(uint64_t cursor, uint16_t part = 0) { return session_->Ack(Frame(cursor, part)); }
  EventId Frame(uint64_t cursor, uint16_t part = 0) const {
    return {session_->instance()->number(), Cursor(cursor), part};
  }

 private:
  const Core& core_;
  std::shared_ptr<AckedSession> session_;
};

class AckedSessionsTest : public ::testing::Test {
 protected:
  AckedSessionsTest() { Start(); }
  ~AckedSessionsTest() override { Stop(); }

  void Start() {
    core_ = std::make_unique<BrokerCore>(
        Limits(), dir_.path(), [] { return absl::Now(); }, faults_.env.get());
    consumers_ = *ConsumerRegistry::Load(core_->core());
    store_ = *SessionStore::Load(core_->core(), limits_);
    sessions_ = std::make_unique<AckedSessions>(core_->core(), *consumers_, *store_, "test");
    ASSERT_TRUE(sessions_->Load().ok());
  }
  // As the broker does.
  void Stop() {
    consumers_->Stop(absl::Now() + absl::Seconds(10));
    store_->Stop(absl::Now() + absl::Seconds(10));
    Crash();
  }
  // What has not been written is lost.
  void Crash() {
    consumers_->BeginStop();
    core_.reset();
    sessions_.reset();
    store_.reset();
    consumers_.reset();
  }
  void Restart() {
    Stop();
    Start();
  }

  storage::EventLog& log() { return core_->log(); }
  // `silence_max` of the connection itself is that of the session's.
  std::unique_ptr<TestConnection> Connect(const std::string& client = "c", StartPosition start = FromBeginning()) {
    auto opened = Await<AckedSessions::Opened>([&](auto done) {
      sessions_->Open(
          {.key = SessionKey("test", {client}), .owner = "key", .instance = core_->Open("device"), .start = start},
          std::move(done));
    });
    EXPECT_TRUE(opened.ok()) << opened.status();
    created_ = opened->created;
    return std::make_unique<TestConnection>(core_->core(), opened->session);
  }
  // When what was acknowledged is on disk.
  ConsumerInfo AwaitUnsettled(uint64_t unsettled, const std::string& client = "c") {
    for (;;) {
      auto info = Await<ConsumerInfo>(
          [&](auto done) { consumers_->Get(nullptr, "session." + SessionKey("test", {client}), std::move(done)); });
      EXPECT_TRUE(info.ok()) << info.status();
      if (info->unsettled_events == unsettled) return *std::move(info);
      absl::SleepFor(absl::Milliseconds(5));
    }
  }
  void AwaitNoConsumer(const std::string& client) {
    for (;;) {
      const auto info = Await<ConsumerInfo>(
          [&](auto done) { consumers_->Get(nullptr, "session." + SessionKey("test", {client}), std::move(done)); });
      if (HasReason(info.status(), Reason::kConsumerNotFound)) return;
      absl::SleepFor(absl::Milliseconds(5));
    }
  }
  uint64_t Parked(const std::string& client = "c") {
    return Await<ConsumerInfo>(
               [&](auto done) { consumers_->Get(nullptr, "session." + SessionKey("test", {client}), std::move(done)); })
        ->parked_events;
  }

  const TempDir dir_;
  testing::FaultEnv faults_;
  SessionLimits limits_;
  std::unique_ptr<ConsumerRegistry> consumers_;
  std::unique_ptr<SessionStore> store_;
  std::unique_ptr<AckedSessions> sessions_;
  std::unique_ptr<BrokerCore> core_;
  bool created_ = false;
};

TEST_F(AckedSessionsTest, WhatWasSentAndNotAcknowledgedComesAgainInOrderAndThenTheRest) {
  AppendNumbered(log(), "device", 0, 5);
  auto connection = Connect();
  EXPECT_TRUE(created_);
  EXPECT_EQ(connection->session().first_unacked(), std::nullopt);
  EXPECT_THAT(connection->Take(5), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_TRUE(connection->Ack(4)) << "in any order";
  EXPECT_TRUE(connection->Ack(1));
  EXPECT_FALSE(connection->Ack(1)) << "twice";
  EXPECT_FALSE(connection->Ack(9)) << "never sent";
  connection->Drop();
  AppendNumbered(log(), "device", 5, 2);
  connection = Connect();
  EXPECT_FALSE(created_);
  EXPECT_THAT(connection->Take(5), ElementsAre(2, 3, 5, 6, 7));
}

TEST_F(AckedSessionsTest, ItOutlivesTheBroker) {
  AppendNumbered(log(), "device", 0, 4);
  auto connection = Connect();
  connection->Take(4);
  connection->Ack(2);
  connection->Stop();
  connection.reset();
  Restart();
  EXPECT_THAT(Connect()->Take(3), ElementsAre(1, 3, 4));
  EXPECT_FALSE(created_);
}

TEST_F(AckedSessionsTest, ACrashBringsAtMostWhatWasAcknowledgedLatelyAgain) {
  AppendNumbered(log(), "device", 0, 3);
  auto connection = Connect();
  connection->Take(3);
  connection->Ack(1);
  // Written by itself, a little after it counts.
  while (AwaitUnsettled(2).position.cursor != Cursor(3)) absl::SleepFor(absl::Milliseconds(5));
  connection->Ack(2);
  connection->Forget();
  Crash();
  Start();
  connection = Connect();
  std::vector<uint64_t> got;
  while (got.empty() || got.back() != 3) got = connection->Take();
  EXPECT_THAT(got, ::testing::Not(::testing::Contains(1)));
  EXPECT_FALSE(created_) << "although its record may not have been written";
}

TEST_F(AckedSessionsTest, TheNewestConnectionHasIt) {
  AppendNumbered(log(), "device", 0, 2);
  auto first = Connect();
  EXPECT_THAT(first->Take(2), ElementsAre(1, 2));
  first->Ack(1);
  auto waiting = first->Ask();
  auto second = Connect();
  EXPECT_THAT(second->Take(1), ElementsAre(2));
  EXPECT_FALSE(first->Ack(2)) << "not its any more";
  EXPECT_TRUE(HasReason(std::get<Closed>(waiting.get()).status, Reason::kConsumerTakenOver));
}

TEST_F(AckedSessionsTest, WhatIsStillReadOfTheConnectionBeforeCounts) {
  AppendNumbered(log(), "device", 0, 3);
  // Until one says all of this before it is waited for no longer.
  for (int i = 0;; ++i) {
    const std::string client = absl::StrCat("c", i);
    const auto first = Connect(client);
    ASSERT_EQ(first->Take(3).size(), 3u);
    // The client has acknowledged two, closed its connection, and opened another, of which the broker reads first.
    const SteadyTime begun = SteadyNow();
    std::promise<std::shared_ptr<AckedSession>> opened;
    sessions_->Open({.key = SessionKey("test", {client}), .owner = "key", .instance = core_->Open("device")},
                    [&opened](auto result) { opened.set_value(result.ok() ? result->session : nullptr); });
    const bool acknowledged = first->Ack(1) && first->Ack(2);
    const bool in_time = absl::FromChrono(SteadyNow() - begun) < kTakeOverPatience;
    first->Drop();
    TestConnection second(core_->core(), opened.get_future().get());
    if (!in_time) continue;
    EXPECT_TRUE(acknowledged);
    EXPECT_THAT(second.Take(1), ElementsAre(3));
    break;
  }
}

TEST_F(AckedSessionsTest, AnEventWithoutFramesIsDoneAndOneOfSeveralOnlyWithAllOfThem) {
  AppendNumbered(log(), "device", 0, 4);
  auto connection = Connect();
  auto delivery = connection->Ask().get();
  connection->session().Sent(connection->Frame(2, 2));
  EXPECT_TRUE(connection->Ack(2, 2));
  connection->session().Sent(connection->Frame(2, 4));
  connection->session().Sent(connection->Frame(3));
  EXPECT_TRUE(connection->Ack(3));
  auto waiting = connection->Ask();
  connection->Drop();
  EXPECT_THAT(Connect()->Take(1), ElementsAre(2)) << "1 and 4 had nothing to show";
}

TEST_F(AckedSessionsTest, AnEventThatIsDeliveredInVainTooOftenIsParked) {
  AppendNumbered(log(), "device", 0, 3);
  for (uint32_t delivery = 1; delivery <= kSessionDeliveriesMax; ++delivery) {
    auto connection = Connect();
    EXPECT_EQ(connection->Take(3).size(), 3u) << delivery;
    EXPECT_EQ(Parked(), 0u);
  }
  EXPECT_THAT(Connect()->Take(2), ElementsAre(2, 3)) << "what was behind it was only under way";
  AwaitUnsettled(2);
  EXPECT_EQ(Parked(), 1u);
}

TEST_F(AckedSessionsTest, WhatTheBrokersStopCutsOffHasNotFailed) {
  AppendNumbered(log(), "device", 0, 1);
  for (uint32_t delivery = 0; delivery < 2 * kSessionDeliveriesMax; ++delivery) {
    auto connection = Connect();
    EXPECT_THAT(connection->Take(1), ElementsAre(1));
    connection->Stop();
  }
}

TEST_F(AckedSessionsTest, AClientThatLeavesOneBehindLosesItWhenTheWindowIsFull) {
  AppendNumbered(log(), "device", 0, kSessionWindowEvents + 1);
  auto connection = Connect();
  connection->Take(kSessionWindowEvents);
  auto next = connection->Ask();
  EXPECT_EQ(next.wait_for(std::chrono::milliseconds(0)), std::future_status::timeout) << "it may just be slow";
  EXPECT_TRUE(connection->Ack(7));
  EXPECT_THAT(connection->Send(next.get()), ElementsAre(kSessionWindowEvents + 1));
  AppendNumbered(log(), "device", kSessionWindowEvents + 1, 1);
  EXPECT_THAT(connection->Take(1), ElementsAre(kSessionWindowEvents + 2)) << "there was no room: 1 made it";
  EXPECT_FALSE(connection->Ack(1));
  EXPECT_EQ(connection->session().first_unacked(), Cursor(2));
  while (Parked() == 0) absl::SleepFor(absl::Milliseconds(5));
  EXPECT_EQ(Parked(), 1u);
}

TEST_F(AckedSessionsTest, AClientThatAcknowledgesNothingDoesNotHoldItselfUpForEver) {
  AppendNumbered(log(), "device", 0, kSessionWindowEvents + 3);
  const std::string name = "session." + SessionKey("test", {"c"});
  Connect()->Stop();
  auto session = std::make_shared<AckedSession>(core_->core(), core_->Open("device"),
                                                *consumers_->Open(nullptr, name, {.take_over = true}),
                                                SessionStore::Use(), /*silence_max=*/absl::Milliseconds(20));
  TestConnection connection(core_->core(), session);
  EXPECT_EQ(connection.Take(kSessionWindowEvents + 3).size(), kSessionWindowEvents + 3);
  EXPECT_EQ(session->unacked_events(), kSessionWindowEvents);
}

TEST_F(AckedSessionsTest, OneThatIsForgottenTakesItsConsumerAlong) {
  limits_.sessions_max = 1;
  Restart();
  AppendNumbered(log(), "device", 0, 1);
  Connect("a")->Take(1);
  Connect("b")->Take(1);
  EXPECT_FALSE(sessions_->Knows(SessionKey("test", {"a"})));
  AwaitNoConsumer("a");
}

TEST_F(AckedSessionsTest, OneThatNobodyComesBackToIsForgotten) {
  AppendNumbered(log(), "device", 0, 2);
  auto connection = Connect();
  EXPECT_THAT(connection->Take(2), ElementsAre(1, 2));
  auto waiting = connection->Ask();
  EXPECT_THAT(sessions_->Keys(), ElementsAre(SessionKey("test", {"c"})));
  sessions_->Forget(SessionKey("test", {"c"}));
  EXPECT_FALSE(std::get<Closed>(waiting.get()).status.ok()) << "its connection is told";
  EXPECT_THAT(sessions_->Keys(), IsEmpty());
  AwaitNoConsumer("c");
  EXPECT_THAT(Connect()->Take(2), ElementsAre(1, 2));
  EXPECT_TRUE(created_);
}

TEST_F(AckedSessionsTest, OneThatIsForgottenWhileTheDiskFailsIsMadeAnew) {
  AppendNumbered(log(), "device", 0, 2);
  EXPECT_THAT(Connect()->Take(2), ElementsAre(1, 2));
  faults_.files->FailFrom(testing::FaultFileSystem::Operation::kWrite, ".log", 0,
                          rocksdb::IOStatus::IOError("the disk is broken"));
  sessions_->Forget(SessionKey("test", {"c"}));
  while (log().CheckTakesAppends().ok()) std::this_thread::yield();
  faults_.files->Heal();
  while (!log().CheckTakesAppends().ok()) std::this_thread::yield();
  EXPECT_THAT(Connect()->Take(2), ElementsAre(1, 2));
  EXPECT_TRUE(created_);
}

TEST_F(AckedSessionsTest, ItGoesWithItsInstance) {
  AppendNumbered(log(), "device", 0, 2);
  auto connection = Connect();
  connection->Take(2);
  const auto device = core_->Open("device");
  auto closed = connection->Ask();
  core_->Delete("device");
  ASSERT_TRUE(testing::AwaitStatus([&](auto done) { consumers_->OnInstanceDeleted(device, std::move(done)); }).ok());
  ASSERT_TRUE(testing::AwaitStatus([&](auto done) { store_->OnInstanceDeleted(device, std::move(done)); }).ok());
  EXPECT_FALSE(std::get<Closed>(closed.get()).status.ok());
  EXPECT_FALSE(sessions_->Knows(SessionKey("test", {"c"})));
  AppendNumbered(log(), "device", 0, 1);
  EXPECT_EQ(Connect()->Take(1).size(), 1u);
  EXPECT_TRUE(created_);
}

}  // namespace
}  // namespace playhead::broker
