// A consumer of the real broker, which is killed with -9 at random moments between acknowledgements and their
// confirmations, many times on one store.
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/support/broker_process.h"
#include "tests/support/consume_session.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead {
namespace {

using testing::BrokerProcess;
using testing::ConsumerOf;
using testing::ConsumeSession;
using testing::HeldEvent;
using testing::OpenOf;

constexpr int kInFlight = 50;

class ConsumerKillTest : public ::testing::Test {
 protected:
  void StartBroker() {
    broker_ = std::make_unique<BrokerProcess>(folder_.path() + "/store", "127.0.0.1:0");
    ASSERT_FALSE(broker_->address().empty());
    // A channel of its own: one to the broker before would wait before it connects again.
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    channel_ = grpc::CreateCustomChannel(broker_->address(), grpc::InsecureChannelCredentials(), arguments);
  }

  void Append(int count) {
    v1::AppendRequest request;
    request.set_instance("device");
    for (int i = 0; i < count; ++i) request.add_events()->set_type("number");
    grpc::ClientContext context;
    v1::AppendResponse response;
    const grpc::Status status = v1::EventLog::NewStub(channel_)->Append(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    appended_ += static_cast<uint64_t>(count);
  }

  // What was handed over: it must not have been confirmed, and comes in order.
  void Note(const std::vector<HeldEvent>& events) {
    for (const HeldEvent& event : events) {
      EXPECT_FALSE(confirmed_.contains(event.cursor)) << event.cursor << " was confirmed, and comes again";
      EXPECT_GT(event.cursor, last_taken_) << "out of order";
      last_taken_ = event.cursor;
    }
  }

  std::unique_ptr<ConsumeSession> Open() {
    v1::CreateConsumerRequest create = ConsumerOf("reader", "device");
    create.mutable_config()->set_in_flight_max(kInFlight);
    create.mutable_config()->set_attempts_max(0);
    last_taken_ = 0;
    return std::make_unique<ConsumeSession>(channel_, OpenOf(create));
  }

  const testing::TempDir folder_;
  std::unique_ptr<BrokerProcess> broker_;
  std::shared_ptr<grpc::Channel> channel_;
  uint64_t appended_ = 0;
  uint64_t last_taken_ = 0;
  std::set<uint64_t> confirmed_;     // Cursors whose acknowledgement was.
  std::set<uint64_t> acknowledged_;  // Those whose acknowledgement was sent, and may or may not have counted.
};

TEST_F(ConsumerKillTest, WhatWasConfirmedNeverComesAgainAndNothingElseIsLost) {
  testing::Random random(testing::TestSeed());
  const int rounds = testing::Soak() ? 300 : 20;
  StartBroker();
  for (int round = 0; round < rounds; ++round) {
    Append(100);
    std::unique_ptr<ConsumeSession> session = Open();
    // Acknowledges a random choice of what it holds, and is told of some of it before the kill.
    std::map<uint64_t, uint64_t> unconfirmed;  // By number: the cursor.
    const uint64_t batches = 1 + random.Below(5);
    for (uint64_t batch = 0; batch < batches; ++batch) {
      const std::vector<HeldEvent> events = session->Take(1 + random.Below(kInFlight / 5));
      Note(events);
      for (const HeldEvent& event : events) {
        if (!random.OneIn(4)) unconfirmed.emplace(session->Ack(event), event.cursor);
      }
      if (unconfirmed.empty() || random.OneIn(3)) continue;
      const uint64_t number = unconfirmed.rbegin()->first;
      if (!session->AwaitConfirmed(number)) break;
      for (const auto& [_, cursor] : unconfirmed) confirmed_.insert(cursor);
      unconfirmed.clear();
    }
    for (const auto& [_, cursor] : unconfirmed) acknowledged_.insert(cursor);
    // The moment is what is random here, so time is what has to pass.
    absl::SleepFor(absl::Microseconds(random.Skewed(3000)));
    broker_->Kill();
    session->AwaitEnd();
    StartBroker();
  }

  // Whatever is left comes, and together with what was confirmed, or acknowledged and perhaps taken, it is everything.
  std::unique_ptr<ConsumeSession> session = Open();
  std::set<uint64_t> seen = confirmed_;
  uint64_t number = 0;
  Append(1);
  while (!seen.contains(appended_)) {
    const std::vector<HeldEvent> events = session->Take(1);
    ASSERT_EQ(events.size(), 1u);
    Note(events);
    seen.insert(events[0].cursor);
    number = session->Ack(events[0]);
  }
  EXPECT_TRUE(session->AwaitConfirmed(number));
  EXPECT_TRUE(session->refused().empty());
  EXPECT_GT(confirmed_.size(), 0u);
  for (uint64_t cursor = 1; cursor <= appended_; ++cursor) {
    EXPECT_TRUE(seen.contains(cursor) || acknowledged_.contains(cursor)) << cursor << " is lost";
  }
}

}  // namespace
}  // namespace playhead
