// Clients that append, append on a condition, read and follow the same instances at once, over gRPC: one log could have
// answered them.
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/client.h"
#include "proto/errors.h"
#include "tests/history/history.h"
#include "tests/support/seed.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::AppendCall;
using testing::Call;
using testing::History;
using testing::Moment;
using testing::Random;
using testing::ReadCall;
using testing::StreamCall;

constexpr size_t kInstances = 3;
constexpr size_t kWriters = 6;
constexpr size_t kReaders = 3;
constexpr size_t kAppendsPerWriter = 400;
constexpr size_t kPageEvents = 10'000;

Moment Now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

std::string InstanceName(size_t number) { return absl::StrCat("i", number); }

class ConcurrentTest : public ::testing::Test {
 protected:
  void Write(size_t writer, uint64_t seed) {
    Random random(seed);
    // One in a few gives up before it can know.
    const bool is_hasty = writer % 3 == 2;
    Client client = *Client::Create({.target = server_.server().grpc_address()});
    Client hasty =
        *Client::Create({.target = server_.server().grpc_address(), .request_timeout = absl::Microseconds(900)});
    std::vector<uint64_t> heads(kInstances);
    for (size_t i = 0; i < kAppendsPerWriter; ++i) {
      const size_t instance = random.Below(kInstances);
      AppendCall append;
      std::vector<NewEvent> events;
      for (uint64_t n = 0; n <= random.Below(3); ++n) append.tags.push_back(absl::StrCat(writer, ".", i, ".", n));
      for (const std::string& tag : append.tags) events.push_back({.type = "t", .data = tag});
      AppendOptions options;
      if (random.OneIn(3)) options.expected_cursor = append.expected_cursor = heads[instance];
      append.call.called = Now();
      const auto result =
          (is_hasty && random.OneIn(3) ? hasty : client).Append(InstanceName(instance), events, options);
      append.call.answered = Now();
      if (result.ok()) {
        append.answer = AppendCall::Answer::kStored;
        append.first_cursor = result->receipts.front().cursor;
        heads[instance] = result->head_cursor;
      } else if (HasReason(result.status(), Reason::kCursorMismatch)) {
        append.answer = AppendCall::Answer::kMismatch;
        heads[instance] = Read(client, instance, heads[instance]);
      } else {
        append.call.answered = testing::kNever;
      }
      absl::MutexLock lock(&mu_);
      histories_[instance].appends.push_back(std::move(append));
    }
  }

  // Reads what is behind `after`. Returns the head.
  uint64_t Read(Client& client, size_t instance, uint64_t after) {
    ReadCall read;
    read.after_cursor = after;
    read.call.called = Now();
    const auto page = client.FetchMissedPage(
        {.instance = InstanceName(instance), .start = Start::After(after), .limit = kPageEvents});
    read.call.answered = Now();
    EXPECT_TRUE(page.ok()) << page.status();
    if (!page.ok()) return after;
    EXPECT_TRUE(page->end_reached);
    read.head_cursor = page->head_cursor;
    for (const EventView& event : page->events) read.events.push_back({event.cursor, std::string(event.data)});
    absl::MutexLock lock(&mu_);
    histories_[instance].reads.push_back(std::move(read));
    return page->head_cursor;
  }

  void ReadAgainAndAgain(uint64_t seed) {
    Random random(seed);
    Client client = *Client::Create({.target = server_.server().grpc_address()});
    std::vector<uint64_t> heads(kInstances);
    while (!written_) {
      const size_t instance = random.Below(kInstances);
      heads[instance] = Read(client, instance, random.Below(heads[instance] + 1));
    }
  }

  // Follows the instance until it has everything.
  void Follow(size_t instance) {
    Client client = *Client::Create({.target = server_.server().grpc_address()});
    auto subscription = client.Subscribe(InstanceName(instance), Start::Beginning());
    ASSERT_TRUE(subscription.ok()) << subscription.status();
    StreamCall stream;
    while (!written_ || stream.events.size() < heads_[instance]) {
      const auto event = subscription->Next(absl::Now() + absl::Milliseconds(50));
      if (absl::IsDeadlineExceeded(event.status())) continue;
      ASSERT_TRUE(event.ok()) << event.status();
      stream.events.push_back({Now(), {event->cursor(), std::string(event->data())}});
    }
    absl::MutexLock lock(&mu_);
    histories_[instance].streams.push_back(std::move(stream));
  }

  testing::TestServer server_;
  std::atomic<bool> written_{false};
  std::atomic<uint64_t> heads_[kInstances] = {};  // In the end.
  absl::Mutex mu_;
  History histories_[kInstances] ABSL_GUARDED_BY(mu_);
};

TEST_F(ConcurrentTest, OneLogCouldHaveAnsweredThemAll) {
  Random random(testing::TestSeed());
  std::vector<std::thread> writers;
  std::vector<std::thread> others;
  for (size_t i = 0; i < kInstances; ++i) others.emplace_back([this, i] { Follow(i); });
  for (size_t i = 0; i < kReaders; ++i) {
    others.emplace_back([this, seed = random.Below(~uint64_t{0})] { ReadAgainAndAgain(seed); });
  }
  for (size_t i = 0; i < kWriters; ++i) {
    writers.emplace_back([this, i, seed = random.Below(~uint64_t{0})] { Write(i, seed); });
  }
  for (std::thread& writer : writers) writer.join();
  // What was given up may be stored yet: an append behind it is answered when it is.
  Client client = *Client::Create({.target = server_.server().grpc_address()});
  for (size_t i = 0; i < kInstances; ++i) {
    const std::string tag = absl::StrCat("last of ", i);
    AppendCall append{{Now()}, {tag}};
    const auto result = client.Append(InstanceName(i), {{.type = "t", .data = tag}});
    append.call.answered = Now();
    ASSERT_TRUE(result.ok()) << result.status();
    append.answer = AppendCall::Answer::kStored;
    append.first_cursor = result->receipts.front().cursor;
    heads_[i] = result->head_cursor;
    absl::MutexLock lock(&mu_);
    histories_[i].appends.push_back(std::move(append));
  }
  written_ = true;
  for (std::thread& other : others) other.join();
  absl::MutexLock lock(&mu_);
  for (size_t i = 0; i < kInstances; ++i) {
    History& history = histories_[i];
    for (auto& event : client.FetchMissed({.instance = InstanceName(i), .start = Start::Beginning()})) {
      ASSERT_TRUE(event.ok()) << event.status();
      history.log.push_back({event->cursor(), std::string(event->data())});
    }
    const std::vector<std::string> violations = testing::FindViolations(history);
    EXPECT_TRUE(violations.empty()) << absl::StrJoin(violations, "\n");
    size_t unknown = 0;
    size_t refused = 0;
    for (const AppendCall& append : history.appends) {
      unknown += append.answer == AppendCall::Answer::kUnknown;
      refused += append.answer == AppendCall::Answer::kMismatch;
    }
    std::cout << InstanceName(i) << ": " << history.appends.size() << " appends (" << refused << " refused, " << unknown
              << " given up), " << history.reads.size() << " reads, " << history.log.size() << " events" << std::endl;
  }
}

}  // namespace
}  // namespace playhead
