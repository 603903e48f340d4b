// Stops under load, again and again on one store: whoever appends or follows hears at most what may be tried again, and
// everything that was acknowledged is there. The listening sockets are handed in, as systemd does it.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "tests/integration/vzaps_client.h"
#include "tests/support/broker_process.h"
#include "tests/support/held_socket.h"
#include "tests/support/http_connection.h"
#include "tests/support/temp_dir.h"

namespace playhead::testing {
namespace {

// How long anything may take that must come about.
constexpr absl::Duration kPatience = absl::Seconds(30);
constexpr int kRounds = 6;
// Appends that are acknowledged in each round before the broker is stopped.
constexpr uint64_t kAcknowledgedPerRound = 400;

// How much the clients have been acknowledged altogether, to be waited for. Thread-safe.
class Count {
 public:
  void Increment() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    ++value_;
  }
  // False if that takes too long.
  bool AwaitMore(uint64_t more) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    const uint64_t wanted = value_ + more;
    const auto reached = [this, wanted]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return value_ >= wanted; };
    return mu_.AwaitWithTimeout(absl::Condition(&reached), kPatience);
  }

 private:
  absl::Mutex mu_;
  uint64_t value_ ABSL_GUARDED_BY(mu_) = 0;
};

class SigtermTest : public ::testing::Test {
 protected:
  void Start() {
    broker_ = std::make_unique<BrokerProcess>(folder_.path() + "/store", grpc_.listen(),
                                              std::vector<std::string>{"--http_listen=" + http_.listen()});
    ASSERT_FALSE(broker_->address().empty());
  }

  // Clients, each in a thread of its own until `stop_`, and then until it knows what became of its last append. They
  // number what they append, and return how much that is.

  uint64_t AppendByCalls() {
    Client client = *Client::Create({.target = grpc_.address(), .backoff = {.initial_delay = absl::Milliseconds(20)}});
    uint64_t number = 1;
    for (; !stop_; ++number) {
      const std::string data = absl::StrCat(number);
      const NewEvent event = {.type = "t", .data = data};
      AppendOptions options;
      options.producer.emplace();
      options.producer->set_id("calls");
      options.producer->set_sequence(number);
      const auto appended = client.Append("calls", {event}, options);
      EXPECT_TRUE(appended.ok()) << appended.status();
      acknowledged_.Increment();
    }
    return number - 1;
  }

  uint64_t AppendByPublisher() {
    Client client = *Client::Create({.target = grpc_.address(), .backoff = {.initial_delay = absl::Milliseconds(20)}});
    Publisher publisher = *client.NewPublisher({.window_events_max = 100});
    uint64_t number = 1;
    for (; !stop_; ++number) {
      const std::string data = absl::StrCat(number);
      const absl::Status accepted = publisher.Append("publisher", {.type = "t", .data = data}, [this](auto receipt) {
        EXPECT_TRUE(receipt.ok()) << receipt.status();
        acknowledged_.Increment();
      });
      EXPECT_TRUE(accepted.ok()) << accepted;
    }
    const absl::Status flushed = publisher.Flush(absl::Now() + kPatience);
    EXPECT_TRUE(flushed.ok()) << flushed;
    return number - 1;
  }

  uint64_t AppendByHttp() {
    auto connection = std::make_unique<HttpConnection>(http_.address());
    uint64_t number = 1;
    for (; !stop_; ++number) {
      for (;;) {
        const HttpResponse answer =
            connection->Call("POST", "/v1/instances/http/events", "Content-Type: application/json\r\n",
                             absl::StrCat(R"({"type":"t","id":")", number, R"(","data":)", number, "}"));
        if (answer.status == 200) break;
        // Cut off without an answer, or told to come again.
        if (answer.status != 0) {
          EXPECT_EQ(answer.headers.at("x-retryable"), "true") << answer.body;
        }
        connection = std::make_unique<HttpConnection>(http_.address());
      }
      acknowledged_.Increment();
    }
    return number - 1;
  }

  uint64_t AppendForWebSocket() {
    Client client = *Client::Create({.target = grpc_.address(), .backoff = {.initial_delay = absl::Milliseconds(20)}});
    Publisher publisher = *client.NewPublisher({.window_events_max = 10});
    uint64_t number = 1;
    for (; !stop_; ++number) {
      const std::string data = absl::StrCat(R"({"type":"Message","event":{"n":)", number, "}}");
      const auto receipt =
          publisher.Append("device", {.type = "Message", .data = data, .attributes = {{"dialect", "vzaps"}}}).get();
      EXPECT_TRUE(receipt.ok()) << receipt.status();
      acknowledged_.Increment();
    }
    // Known before it is appended, so that whoever gets it knows that nothing comes behind it.
    published_for_websocket_ = number;
    const std::string last = absl::StrCat(R"({"type":"Message","event":{"n":)", number, "}}");
    EXPECT_TRUE(
        publisher.Append("device", {.type = "Message", .data = last, .attributes = {{"dialect", "vzaps"}}}).get().ok());
    return number;
  }

  // Reads until it has all that AppendForWebSocket appended, in order but for what comes again.
  uint64_t ReadWebSocket(VZapsRequest request, std::unique_ptr<VZapsConnection> connection) {
    uint64_t last = 0;
    while (last != published_for_websocket_) {
      if (connection == nullptr) {
        connection = std::make_unique<VZapsConnection>(http_.address(), request);
        const int status = connection->answer().status;
        EXPECT_TRUE(status == 101 || status == 0 || status == 503) << status;
        if (status != 101) {
          connection.reset();
          continue;
        }
      }
      const VZapsEvent event = connection->Next();
      if (event.ended) {
        connection.reset();
        continue;
      }
      const uint64_t number = std::stoull(event.data.substr(event.data.find("\"n\":") + 4));
      EXPECT_LE(number, last + 1) << "events are missing";
      last = std::max(last, number);
      connection->Ack(event.id);
    }
    return last;
  }

  void ExpectStored(const std::string& instance, uint64_t count, const std::function<std::string(uint64_t)>& data) {
    std::vector<std::string> expected;
    for (uint64_t number = 1; number <= count; ++number) expected.push_back(data(number));
    Client client = *Client::Create({.target = grpc_.address()});
    std::vector<std::string> stored;
    for (const auto& event : client.FetchMissed({.instance = instance, .start = Start::Beginning()})) {
      ASSERT_TRUE(event.ok()) << event.status();
      stored.emplace_back(event->data());
    }
    EXPECT_EQ(stored, expected) << instance;
  }

  const TempDir folder_;
  HeldSocket grpc_;
  HeldSocket http_;
  std::unique_ptr<BrokerProcess> broker_;
  std::atomic<bool> stop_ = false;
  std::atomic<uint64_t> published_for_websocket_ = UINT64_MAX;
  Count acknowledged_;
};

TEST_F(SigtermTest, NothingAcknowledgedIsLostAndNobodyHearsAFinalError) {
  ASSERT_NO_FATAL_FAILURE(Start());
  VZapsRequest request;
  request.access_token = AccessTokenOf(PostToken(http_.address(), TokenBody("client", "secret")));
  request.client_token = "client";
  request.instance_token = "instance";
  // It starts at the end of the log, so that it is there before anything is appended.
  auto websocket = std::make_unique<VZapsConnection>(http_.address(), request);
  ASSERT_EQ(websocket->answer().status, 101);

  uint64_t by_calls = 0;
  uint64_t by_publisher = 0;
  uint64_t by_http = 0;
  uint64_t for_websocket = 0;
  uint64_t by_websocket = 0;
  std::vector<std::thread> clients;
  clients.emplace_back([&] { by_websocket = ReadWebSocket(request, std::move(websocket)); });
  clients.emplace_back([&] { by_calls = AppendByCalls(); });
  clients.emplace_back([&] { by_publisher = AppendByPublisher(); });
  clients.emplace_back([&] { by_http = AppendByHttp(); });
  clients.emplace_back([&] { for_websocket = AppendForWebSocket(); });

  absl::Duration longest_stop;
  for (int round = 0; round < kRounds; ++round) {
    EXPECT_TRUE(acknowledged_.AwaitMore(kAcknowledgedPerRound));
    const absl::Time asked = absl::Now();
    EXPECT_EQ(broker_->Terminate(), 0);
    longest_stop = std::max(longest_stop, absl::Now() - asked);
    Start();
  }
  stop_ = true;
  for (std::thread& client : clients) client.join();
  EXPECT_LT(longest_stop, absl::Seconds(10));

  const auto as_text = [](uint64_t number) { return absl::StrCat(number); };
  ExpectStored("calls", by_calls, as_text);
  ExpectStored("publisher", by_publisher, as_text);
  ExpectStored("http", by_http, as_text);
  EXPECT_EQ(by_websocket, for_websocket);
  std::cout << "stops " << kRounds << ", acknowledged " << by_calls + by_publisher + by_http + for_websocket
            << ", lost 0, longest stop " << longest_stop << std::endl;
}

}  // namespace
}  // namespace playhead::testing
