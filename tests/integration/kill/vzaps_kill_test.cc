// Clients of VZaps' API under load, while their connections and the broker are killed at random moments. The broker
// inherits its listening socket, as from systemd, so that no connect is ever refused.
#include <grpcpp/channel.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <iterator>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/integration/vzaps_client.h"
#include "tests/support/broker_process.h"
#include "tests/support/held_socket.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead {
namespace {

using testing::BrokerProcess;
using testing::HeldSocket;
using testing::Random;
using testing::VZapsConnection;
using testing::VZapsEvent;
using testing::VZapsRequest;
using testing::VZapsRequestOf;

constexpr char kInstance[] = "device";

// How an SDK behaves.
struct Habits {
  enum class LastEventId { kNever, kHandled, kReceived };

  std::string name;
  LastEventId last_event_id = LastEventId::kNever;
  std::string ack_key = "event_id";
  uint64_t handler_fails_once_in = 0;  // 0: never.
  bool failure_ends_connection = false;
  bool acks_out_of_order = false;
  bool skips_acks = false;  // Now and then, although the handler ran.
};

// A process with one subscription, in a thread of its own.
class Client {
 public:
  Client(std::string address, VZapsRequest request, Habits habits, uint64_t seed)
      : address_(std::move(address)), request_(std::move(request)), habits_(std::move(habits)), random_(seed) {
    thread_ = std::thread([this] { Run(); });
  }
  ~Client() { thread_.join(); }

  // The client ends when it has handled all numbers up to this.
  void ExpectUpTo(int last) { last_ = last; }
  void AwaitConnected() {
    while (!connected_) absl::SleepFor(absl::Milliseconds(1));
  }
  void KillConnection() { killed_ = true; }

  const Habits& habits() const { return habits_; }
  int handled() const { return handled_count_; }
  bool done() const { return done_; }
  uint64_t duplicates() const { return duplicates_; }
  uint64_t connects() const { return connects_; }
  uint64_t refused() const { return refused_; }

 private:
  void Run() {
    while (!Done()) {
      VZapsConnection connection(address_, request_);
      ++connects_;
      // 0: the broker was killed meanwhile; 503: the connection was accepted just as the broker stopped.
      const int status = connection.answer().status;
      if (status != 0 && status != 101 && status != 503) ++refused_;
      if (connection.answer().status == 101) {
        connected_ = true;
        Read(connection);
      }
      absl::SleepFor(absl::Milliseconds(5 + random_.Below(40)));
    }
    done_ = true;
  }

  bool Done() const { return last_ > 0 && std::distance(handled_.begin(), handled_.upper_bound(last_)) == last_; }

  void Read(VZapsConnection& connection) {
    std::vector<std::string> acks;
    for (bool any = false; !Done(); any = true) {
      // A connection that dies before anything was handled counts against its first event.
      if (any && killed_.exchange(false)) return;
      const VZapsEvent event = connection.Next();
      if (event.ended) return;
      if (habits_.last_event_id == Habits::LastEventId::kReceived) request_.last_event_id = event.id;
      if (!Handle(event)) {
        if (habits_.failure_ends_connection) return;
        continue;
      }
      if (habits_.last_event_id == Habits::LastEventId::kHandled) request_.last_event_id = event.id;
      if (habits_.skips_acks && random_.OneIn(20)) continue;
      acks.push_back(event.id);
      if (habits_.acks_out_of_order && acks.size() < 5 && !Done()) continue;
      std::reverse(acks.begin(), acks.end());
      for (const std::string& id : acks) connection.Ack(id, habits_.ack_key);
      acks.clear();
    }
  }

  // Whether the handler was content.
  bool Handle(const VZapsEvent& event) {
    const size_t at = event.data.find("\"n\":");
    const int number = std::atoi(event.data.c_str() + at + 4);
    const bool fails =
        habits_.handler_fails_once_in > 0 && !failed_.contains(number) && random_.OneIn(habits_.handler_fails_once_in);
    if (fails) {
      failed_.insert(number);
      return false;
    }
    if (!handled_.insert(number).second) ++duplicates_;
    handled_count_ = static_cast<int>(handled_.size());
    return true;
  }

  const std::string address_;
  VZapsRequest request_;
  const Habits habits_;
  Random random_;
  std::set<int> handled_;
  std::set<int> failed_;
  std::atomic<int> last_ = 0;
  std::atomic<int> handled_count_ = 0;
  std::atomic<bool> connected_ = false;
  std::atomic<bool> killed_ = false;
  std::atomic<bool> done_ = false;
  std::atomic<uint64_t> duplicates_ = 0;
  std::atomic<uint64_t> connects_ = 0;
  std::atomic<uint64_t> refused_ = 0;
  std::thread thread_;
};

class VZapsKillTest : public ::testing::Test {
 protected:
  void StartBroker() {
    broker_ = std::make_unique<BrokerProcess>(folder_.path() + "/store", "127.0.0.1:0",
                                              std::vector<std::string>{"--http_listen=" + socket_.listen()});
    ASSERT_FALSE(broker_->address().empty());
    grpc::ChannelArguments arguments;
    arguments.SetInt("grpc.use_local_subchannel_pool", 1);
    channel_ = grpc::CreateCustomChannel(broker_->address(), grpc::InsecureChannelCredentials(), arguments);
  }

  void Append(int count) {
    v1::AppendRequest request;
    request.set_instance(kInstance);
    for (int i = 0; i < count; ++i) {
      v1::Event& event = *request.add_events();
      event.set_type("Message");
      event.set_data(absl::StrCat(R"({"type":"Message","event":{"n":)", ++appended_, "}}"));
      (*event.mutable_attributes())["dialect"] = "vzaps";
    }
    grpc::ClientContext context;
    v1::AppendResponse response;
    const grpc::Status status = v1::EventLog::NewStub(channel_)->Append(&context, request, &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }

  std::unique_ptr<Client> NewClient(Habits habits, uint64_t seed) {
    const VZapsRequest request = VZapsRequestOf(socket_.address(), "client", kInstance);
    auto client = std::make_unique<Client>(socket_.address(), request, std::move(habits), seed);
    client->AwaitConnected();
    return client;
  }

  const testing::TempDir folder_;
  HeldSocket socket_;
  std::unique_ptr<BrokerProcess> broker_;
  std::shared_ptr<grpc::Channel> channel_;
  int appended_ = 0;
};

TEST_F(VZapsKillTest, EveryEventReachesAHandlerWhateverDies) {
  const uint64_t seed = testing::TestSeed();
  Random random(seed);
  const int rounds = testing::Soak() ? 300 : 20;
  StartBroker();
  const std::vector<Habits> habits = {
      {.name = "go"},
      {.name = "python", .last_event_id = Habits::LastEventId::kHandled, .handler_fails_once_in = 50},
      {.name = "typescript", .acks_out_of_order = true},
      {.name = "java",
       .last_event_id = Habits::LastEventId::kReceived,
       .ack_key = "id",
       .handler_fails_once_in = 200,
       .failure_ends_connection = true,
       .skips_acks = true},
  };
  std::vector<std::unique_ptr<Client>> clients;
  for (const Habits& of : habits) clients.push_back(NewClient(of, seed * 100 + clients.size()));

  absl::Duration restart_max;
  for (int round = 0; round < rounds; ++round) {
    const uint64_t batches = 1 + random.Below(8);
    for (uint64_t i = 0; i < batches; ++i) {
      Append(static_cast<int>(1 + random.Below(60)));
      if (random.OneIn(3)) clients[random.Below(clients.size())]->KillConnection();
      // The moment is what is random here, so time is what has to pass.
      absl::SleepFor(absl::Microseconds(random.Skewed(20'000)));
    }
    const absl::Time down = absl::Now();
    if (random.OneIn(2)) {
      broker_->Kill();
    } else {
      channel_.reset();  // A channel that nobody waits for hears of the stop only after up to 5 s.
      EXPECT_EQ(broker_->Terminate(), 0);
    }
    StartBroker();
    restart_max = std::max(restart_max, absl::Now() - down);
  }

  for (const auto& client : clients) client->ExpectUpTo(appended_);
  const absl::Time patience = absl::Now() + absl::Seconds(200);
  const auto all_done = [&] {
    return std::all_of(clients.begin(), clients.end(), [](const auto& client) { return client->done(); });
  };
  for (int i = 1; !all_done(); ++i) {
    for (const auto& client : clients) {
      ASSERT_LT(absl::Now(), patience) << client->habits().name << " has handled " << client->handled();
      // What a handler failed comes again with the next connection, ...
      if (i % 20 == 0) client->KillConnection();
    }
    // ... and none waits in vain for an event.
    Append(1);
    absl::SleepFor(absl::Milliseconds(100));
  }
  for (const auto& client : clients) {
    EXPECT_EQ(client->refused(), 0u);
    std::cout << client->habits().name << ": " << client->handled() << " events, " << client->duplicates()
              << " duplicates, " << client->connects() << " connects" << std::endl;
  }
  std::cout << "longest restart " << restart_max << std::endl;
}

// Java's SDK tries once, half a second behind the end of its connection, and is dead if that fails.
TEST_F(VZapsKillTest, OneAttemptIsEnoughAcrossARestart) {
  StartBroker();
  const VZapsRequest request = VZapsRequestOf(socket_.address(), "client", kInstance);
  auto java = std::make_unique<VZapsConnection>(socket_.address(), request);
  ASSERT_EQ(java->answer().status, 101);
  for (const bool is_clean : {true, false}) {
    Append(1);
    // What it acknowledged just before the last end may come again.
    while (java->Take(1) != std::vector<int>{appended_}) ASSERT_FALSE(HasFailure());
    java->AckNumber(appended_);
    if (is_clean) {
      // The client does not answer the end of its connection, and the broker does not wait for it long.
      EXPECT_EQ(broker_->Terminate(), 0);
    } else {
      broker_->Kill();
    }
    EXPECT_TRUE(java->Next().ended);
    std::thread attempt([&] { java = std::make_unique<VZapsConnection>(socket_.address(), request); });
    StartBroker();
    attempt.join();
    ASSERT_EQ(java->answer().status, 101) << "it was asked while no broker was there";
  }
  Append(1);
  while (java->Take(1) != std::vector<int>{appended_}) ASSERT_FALSE(HasFailure());
}

}  // namespace
}  // namespace playhead
