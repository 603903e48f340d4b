// Everything at once, checked by an oracle: publishers, holders of consumers that behave well and badly, operators who
// reset, replay, delete, trim and erase, and a broker that is stopped and killed again and again.
//
// A failure prints the rule that was broken. Run it again with the seed that is printed (PLAYHEAD_TEST_SEED=N). Threads
// and processes run at their own pace, so a seed does not fail each time. PLAYHEAD_SOAK runs many more rounds.

#include <grpcpp/create_channel.h>
#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "client/replays_client.h"
#include "playhead/v1/consumers.grpc.pb.h"
#include "tests/integration/semantics/holder.h"
#include "tests/integration/semantics/oracle.h"
#include "tests/support/broker_process.h"
#include "tests/support/held_socket.h"
#include "tests/support/http_receiver.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead {
namespace {

using testing::EventKey;
using testing::Holder;
using testing::HolderOptions;
using testing::HttpReceiver;
using testing::Oracle;

constexpr int kInstances = 5;
constexpr int kPublishers = 2;
constexpr int kRounds = 14;
constexpr int kSoakRounds = 600;
constexpr size_t kReplayedMax = 300;
constexpr absl::Duration kDrainTimeout = absl::Minutes(3);
// Publishers are not what is tested: this many events a second each keep everybody busy.
constexpr absl::Duration kPublishInterval = absl::Milliseconds(5);

class SemanticsTest : public ::testing::Test {
 protected:
  SemanticsTest() {
    Start();
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 20);
    arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 200);
    channel_ = grpc::CreateCustomChannel(target_, grpc::InsecureChannelCredentials(), arguments);
    consumers_ = v1::Consumers::NewStub(channel_);
  }

  void Start() {
    broker_ = std::make_unique<testing::BrokerProcess>(dir_.path() + "/data", socket_.listen(),
                                                       std::vector<std::string>{"--heartbeat_interval=100ms"});
    ASSERT_FALSE(broker_->address().empty());
  }

  Client NewClient() const {
    ClientOptions options{.target = target_};
    options.backoff.initial_delay = absl::Milliseconds(20);
    options.backoff.max_delay = absl::Milliseconds(200);
    return *Client::Create(options);
  }

  uint64_t NextSeed() { return random_.Below(uint64_t{1} << 62); }

  struct ConsumerPlan {
    std::string name;
    std::string instance;  // Or:
    std::string prefix;    // Empty for all.
    std::string type;      // Empty for every type.
    bool shared = false;
    uint32_t deadline_ms = 60'000;
    uint32_t attempts_max = 0;
  };

  void Create(const ConsumerPlan& plan) {
    v1::CreateConsumerRequest request;
    v1::ConsumerConfig& config = *request.mutable_config();
    config.set_name(plan.name);
    if (!plan.instance.empty()) {
      config.mutable_source()->set_instance(plan.instance);
    } else if (!plan.prefix.empty()) {
      config.mutable_source()->set_prefix(plan.prefix);
    } else {
      config.mutable_source()->mutable_all();
    }
    if (!plan.type.empty()) config.add_types(plan.type);
    config.set_shared(plan.shared);
    config.set_ack_deadline_ms(plan.deadline_ms);
    config.set_attempts_max(plan.attempts_max);
    config.set_in_flight_max(2'000);
    request.mutable_start()->mutable_beginning();
    grpc::ClientContext context;
    v1::CreateConsumerResponse response;
    const grpc::Status status = consumers_->CreateConsumer(&context, request, &response);
    ASSERT_TRUE(status.ok()) << plan.name << ": " << status.error_message();
    oracle_.AddConsumer(plan.name, [plan](const EventKey& event, const Oracle::Appended& appended) {
      if (!plan.instance.empty() && event.first != plan.instance) return false;
      return absl::StartsWith(event.first, plan.prefix) && (plan.type.empty() || appended.type == plan.type);
    });
  }

  // Starts a thread that holds the consumer again and again.
  void Hold(HolderOptions options) {
    threads_.emplace_back([this, options, seed = NextSeed()] {
      Holder holder(channel_, oracle_, options, seed);
      while (!stop_) holder.HoldForAWhile(stop_);
    });
  }

  // Appends numbered events of several types to all `bot-` instances in turn.
  void Publish(int publisher_number) {
    Publisher publisher = *NewClient().NewPublisher({.window_events_max = 100});
    for (uint64_t n = 0; !stop_; ++n) {
      const EventKey::first_type instance = absl::StrCat("bot-", n % kInstances);
      Oracle::Appended appended{absl::StrCat("type.", n % 3), absl::StrCat("p", publisher_number, " ", n)};
      const absl::Status status = publisher.Append(instance, {.type = appended.type, .data = appended.data},
                                                   [this, instance, appended](auto receipt) {
                                                     if (!receipt.ok()) {
                                                       ADD_FAILURE() << appended.data << ": " << receipt.status();
                                                     } else {
                                                       oracle_.OnAppended({instance, receipt->cursor}, appended);
                                                     }
                                                   });
      ASSERT_TRUE(status.ok()) << status;
      absl::SleepFor(kPublishInterval);
    }
    const absl::Status flushed = publisher.Flush(absl::Now() + absl::Seconds(60));
    EXPECT_TRUE(flushed.ok()) << flushed;
  }

  // Fills an instance, deletes it, and begins anew.
  void PublishAndDelete(uint64_t seed) {
    testing::Random random(seed);
    Client client = NewClient();
    for (uint64_t life = 0; !stop_; ++life) {
      {
        Publisher publisher = *client.NewPublisher();
        for (uint64_t n = 0; n < random.Below(200) && !stop_; ++n) {
          Oracle::Appended appended{"type.0", absl::StrCat("life ", life, " ", n)};
          const auto receipt = publisher.Append("tmp", {.type = appended.type, .data = appended.data}).get();
          ASSERT_TRUE(receipt.ok()) << receipt.status();
          oracle_.OnAppended({"tmp", receipt->cursor}, appended);
          absl::SleepFor(kPublishInterval);
        }
      }
      // From here on nothing of it is owed, whether or not the call gets through.
      oracle_.OnDeleted("tmp");
      while (!stop_) {
        const absl::Status status = client.DeleteInstance("tmp");
        if (status.ok() || absl::IsNotFound(status)) break;
        absl::SleepFor(absl::Milliseconds(20));
      }
    }
  }

  // Sets a consumer back to the beginning, if the broker is there.
  void Reset(const std::string& consumer) {
    v1::ResetConsumerRequest request;
    request.set_name(consumer);
    request.mutable_start()->mutable_beginning();
    request.set_events_again_max(1'000'000'000);
    request.set_events_skipped_max(1'000'000'000);
    grpc::ClientContext context;
    v1::ResetConsumerResponse response;
    oracle_.OnResetting(consumer);
    const grpc::Status status = consumers_->ResetConsumer(&context, request, &response);
    oracle_.OnReset(consumer, status.ok());
  }

  // Has everything parked come again.
  void RequeueAll(const std::string& consumer) {
    for (;;) {
      std::vector<EventKey> parked;
      v1::RequeueParkedRequest requeue;
      requeue.set_consumer(consumer);
      v1::ListParkedRequest list;
      list.set_consumer(consumer);
      list.set_page_size(1'000);
      v1::ListParkedResponse page;
      {
        grpc::ClientContext context;
        context.set_wait_for_ready(true);
        const grpc::Status status = consumers_->ListParked(&context, list, &page);
        ASSERT_TRUE(status.ok()) << status.error_message();
      }
      for (const v1::ParkedEvent& event : page.parked()) {
        parked.emplace_back(event.instance(), event.cursor());
        requeue.add_numbers(event.number());
      }
      if (parked.empty()) return;
      oracle_.OnRequeue(consumer, parked);
      grpc::ClientContext context;
      context.set_wait_for_ready(true);
      v1::RequeueParkedResponse response;
      const grpc::Status status = consumers_->RequeueParked(&context, requeue, &response);
      ASSERT_TRUE(status.ok()) << status.error_message();
      EXPECT_EQ(response.requeued_count(), parked.size()) << consumer;
    }
  }

  // Plans a replay of an instance to the receiver, and starts it. What it must send, by its id.
  void StartReplay(const std::string& instance) {
    auto replays = ReplaysClient::Create({.target = target_});
    v1::PlanReplayRequest selection;
    selection.add_instances(instance);
    // The newest few hundred: each is a round trip.
    const size_t count = oracle_.events_of(instance).size();
    selection.mutable_start()->set_after_cursor(count > kReplayedMax ? count - kReplayedMax : 0);
    const auto plan = replays->Plan(selection);
    if (!plan.ok() || plan->event_count() == 0) return;
    v1::StartReplayRequest request;
    *request.mutable_ranges() = plan->ranges();
    request.set_expected_count(plan->event_count());
    request.set_rate(100'000);
    request.mutable_endpoint()->set_url(receiver_.origin() + "/");
    const auto replay = replays->Start(request);
    // Without an answer it may run all the same; what it sends is then nobody's to judge.
    if (replay.ok()) replays_.emplace(replay->id(), plan->ranges(0));
  }

  v1::Consumer Get(const std::string& name) {
    grpc::ClientContext context;
    context.set_wait_for_ready(true);
    v1::GetConsumerRequest request;
    request.set_name(name);
    v1::GetConsumerResponse response;
    const grpc::Status status = consumers_->GetConsumer(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response.consumer();
  }

  void ExpectReplaysComplete();

  const testing::TempDir dir_;
  const testing::HeldSocket socket_;
  const std::string target_ = socket_.address();
  testing::Random random_{testing::TestSeed()};
  HttpReceiver receiver_{[](const auto&) { return HttpReceiver::Answer{}; }};
  Oracle oracle_;
  std::unique_ptr<testing::BrokerProcess> broker_;
  std::shared_ptr<grpc::Channel> channel_;
  std::unique_ptr<v1::Consumers::Stub> consumers_;
  std::map<std::string, v1::ReplayRange> replays_;
  std::atomic<bool> stop_{false};
  std::vector<std::thread> threads_;
};

// Every event of a plan was posted, and in order when it came for the first time.
void SemanticsTest::ExpectReplaysComplete() {
  auto replays = ReplaysClient::Create({.target = target_});
  for (const auto& [id, range] : replays_) {
    for (;;) {
      const auto replay = replays->Get(id);
      ASSERT_TRUE(replay.ok()) << replay.status();
      if (replay->state() == v1::Replay::DONE) break;
      // The receiver never refuses anything: what paused it can only be the broker.
      ASSERT_EQ(replay->state(), v1::Replay::RUNNING) << replay->problem();
      absl::SleepFor(absl::Milliseconds(10));
    }
  }
  std::map<std::string, std::vector<uint64_t>> posted;
  for (const auto& request : receiver_.taken()) {
    std::vector<uint64_t>& cursors = posted[request.headers.at("playhead-replay")];
    const uint64_t cursor = std::stoull(request.headers.at("playhead-cursor"));
    if (cursors.empty() || cursor > cursors.back()) cursors.push_back(cursor);
  }
  for (const auto& [id, range] : replays_) {
    std::vector<uint64_t> expected;
    for (uint64_t cursor = range.after_cursor() + 1; cursor <= range.last_cursor(); ++cursor)
      expected.push_back(cursor);
    EXPECT_EQ(posted[id], expected) << range.instance();
  }
}

TEST_F(SemanticsTest, NothingIsLostOrComesAgainWhateverHappens) {
  const int rounds = testing::Soak() ? kSoakRounds : kRounds;
  const std::vector<ConsumerPlan> plans = {
      {.name = "one", .instance = "bot-0"},
      {.name = "one-hasty", .instance = "bot-1", .deadline_ms = 1'000, .attempts_max = 4},
      {.name = "prefix", .prefix = "bot-"},
      {.name = "shared", .prefix = "bot-", .shared = true},
      {.name = "filtered", .prefix = "bot-", .type = "type.1"},
      {.name = "all"},
      {.name = "reset", .instance = "bot-2"},
      {.name = "witness", .prefix = "bot-"},
  };
  for (const ConsumerPlan& plan : plans) Create(plan);
  if (HasFatalFailure()) return;
  const std::string witness_position = Get("witness").position().SerializeAsString();
  Hold({.consumer = "one", .takes_over = true});
  Hold({.consumer = "one", .takes_over = true});
  Hold({.consumer = "one-hasty", .deadline_is_long = false});
  Hold({.consumer = "prefix"});
  for (int i = 0; i < 3; ++i) Hold({.consumer = "shared"});
  Hold({.consumer = "filtered"});
  Hold({.consumer = "all"});
  Hold({.consumer = "reset"});
  for (int i = 0; i < kPublishers; ++i) threads_.emplace_back([this, i] { Publish(i); });
  threads_.emplace_back([this, seed = NextSeed()] { PublishAndDelete(seed); });

  for (int round = 0; round < rounds; ++round) {
    // The moment is what is random here, so time is what has to pass.
    absl::SleepFor(absl::Milliseconds(300 + random_.Below(900)));
    if (random_.OneIn(3)) Reset("reset");
    if (random_.OneIn(2)) StartReplay(absl::StrCat("bot-", random_.Below(kInstances)));
    if (random_.OneIn(2)) {
      broker_->Kill();
    } else {
      EXPECT_EQ(broker_->Terminate(), 0);
    }
    Start();
    if (HasFatalFailure()) break;
  }
  stop_ = true;
  for (std::thread& thread : threads_) thread.join();

  // Nobody has ever held it: whatever the others did, it is where it was.
  const v1::Consumer witness = Get("witness");
  EXPECT_EQ(witness.position().SerializeAsString(), witness_position);
  EXPECT_EQ(witness.unsettled_count(), 0);
  EXPECT_GE(witness.lag().event_count(), 1);
  for (const ConsumerPlan& plan : plans) {
    RequeueAll(plan.name);
    Holder holder(channel_, oracle_, {.consumer = plan.name}, NextSeed());
    EXPECT_TRUE(holder.HoldToTheEnd(absl::Now() + kDrainTimeout)) << plan.name << ": " << Get(plan.name).DebugString();
    oracle_.ExpectNothingLost(plan.name);
  }
  ExpectReplaysComplete();
  std::cout << "rounds " << rounds << ", appended " << oracle_.appended_count() << ", delivered "
            << oracle_.delivered_count() << ", settled " << oracle_.confirmed_count() << ", replays " << replays_.size()
            << std::endl;
}

}  // namespace
}  // namespace playhead
