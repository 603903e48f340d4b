#include "tests/history/concurrent_clients.h"

#include <gtest/gtest.h>

#include <chrono>
#include <iostream>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/errors.h"
#include "tests/support/seed.h"

namespace playhead::testing {
namespace {

constexpr size_t kWriters = 6;
constexpr size_t kReaders = 3;
constexpr size_t kPageEvents = 10'000;
constexpr absl::Duration kFollowerPatience = absl::Seconds(60);

Moment Now() { return std::chrono::steady_clock::now().time_since_epoch().count(); }

std::string InstanceName(size_t number) { return absl::StrCat("i", number); }

Client NewClient(const std::string& target, absl::Duration request_timeout = absl::Seconds(30)) {
  ClientOptions options{.target = target, .request_timeout = request_timeout};
  options.backoff.initial_delay = absl::Milliseconds(20);
  options.backoff.max_delay = absl::Milliseconds(100);
  return *Client::Create(std::move(options));
}

}  // namespace

void ConcurrentClients::Write(size_t writer, uint64_t seed) {
  Random random(seed);
  // One in a few gives up before it can know.
  const bool is_hasty = writer % 3 == 2;
  Client client = NewClient(target_);
  Client hasty = NewClient(target_, absl::Microseconds(900));
  std::vector<uint64_t> heads(kInstances);
  for (size_t i = 0; i < kAppends / kWriters; ++i) {
    const size_t instance = random.Below(kInstances);
    AppendCall append;
    std::vector<NewEvent> events;
    for (uint64_t n = 0; n <= random.Below(3); ++n) append.tags.push_back(absl::StrCat(writer, ".", i, ".", n));
    for (const std::string& tag : append.tags) events.push_back({.type = "t", .data = tag});
    AppendOptions options;
    if (random.OneIn(3)) options.expected_cursor = append.expected_cursor = heads[instance];
    append.call.called = Now();
    const auto result = (is_hasty && random.OneIn(3) ? hasty : client).Append(InstanceName(instance), events, options);
    append.call.answered = Now();
    if (result.ok()) {
      append.answer = AppendCall::Answer::kStored;
      append.first_cursor = result->receipts.front().cursor;
      heads[instance] = result->head_cursor;
    } else if (HasReason(result.status(), Reason::kCursorMismatch)) {
      append.answer = AppendCall::Answer::kMismatch;
      heads[instance] = Read(client, instance, heads[instance]);
    } else {
      append.call.answered = kNever;
      heads[instance] = Read(client, instance, heads[instance]);  // Waits until the broker is there again.
    }
    absl::MutexLock lock(&mu_);
    histories_[instance].appends.push_back(std::move(append));
    ++appends_;
  }
}

uint64_t ConcurrentClients::Read(Client& client, size_t instance, uint64_t after) {
  ReadCall read;
  read.after_cursor = after;
  read.call.called = Now();
  const auto page =
      client.FetchMissedPage({.instance = InstanceName(instance), .start = Start::After(after), .limit = kPageEvents});
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

void ConcurrentClients::ReadAgainAndAgain(uint64_t seed) {
  Random random(seed);
  Client client = NewClient(target_);
  std::vector<uint64_t> heads(kInstances);
  size_t seen = 0;
  while (!written_) {
    {
      // About as often as something is appended: every page is kept, and a disk may be slow.
      absl::MutexLock lock(&mu_);
      const auto more = [this, &seen]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return written_ || appends_ > seen; };
      mu_.AwaitWithTimeout(absl::Condition(&more), absl::Milliseconds(20));
      seen = appends_;
    }
    const size_t instance = random.Below(kInstances);
    heads[instance] = Read(client, instance, random.Below(heads[instance] + 1));
  }
}

void ConcurrentClients::Follow(size_t instance) {
  Client client = NewClient(target_);
  auto subscription = client.Subscribe(InstanceName(instance), Start::Beginning());
  ASSERT_TRUE(subscription.ok()) << subscription.status();
  StreamCall stream;
  absl::Time patience = absl::Now() + kFollowerPatience;
  while (!written_ || stream.events.size() < heads_[instance]) {
    const auto event = subscription->Next(absl::Now() + absl::Milliseconds(50));
    if (absl::IsDeadlineExceeded(event.status())) {
      if (absl::Now() < patience) continue;
      ADD_FAILURE() << "the follower of " << InstanceName(instance) << " got " << stream.events.size() << " events";
      break;
    }
    ASSERT_TRUE(event.ok()) << event.status();
    patience = absl::Now() + kFollowerPatience;
    stream.events.push_back({Now(), {event->cursor(), std::string(event->data())}});
  }
  absl::MutexLock lock(&mu_);
  histories_[instance].streams.push_back(std::move(stream));
}

void ConcurrentClients::AwaitAppends(size_t count) {
  absl::MutexLock lock(&mu_);
  const auto reached = [this, count]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return appends_ >= count; };
  mu_.Await(absl::Condition(&reached));
}

void ConcurrentClients::Run(uint64_t seed, const std::function<void()>& meanwhile) {
  Random random(seed);
  std::vector<std::thread> writers;
  std::vector<std::thread> others;
  for (size_t i = 0; i < kInstances; ++i) others.emplace_back([this, i] { Follow(i); });
  for (size_t i = 0; i < kReaders; ++i) {
    others.emplace_back([this, reader = random.Below(~uint64_t{0})] { ReadAgainAndAgain(reader); });
  }
  for (size_t i = 0; i < kWriters; ++i) {
    writers.emplace_back([this, i, writer = random.Below(~uint64_t{0})] { Write(i, writer); });
  }
  meanwhile();
  for (std::thread& writer : writers) writer.join();
  AppendLast();
  written_ = true;
  for (std::thread& other : others) other.join();
  Check();
}

// What was given up may be stored yet: an append behind it is answered when it is.
void ConcurrentClients::AppendLast() {
  Client client = NewClient(target_);
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
}

void ConcurrentClients::Check() {
  Client client = NewClient(target_);
  absl::MutexLock lock(&mu_);
  for (size_t i = 0; i < kInstances; ++i) {
    History& history = histories_[i];
    for (auto& event : client.FetchMissed({.instance = InstanceName(i), .start = Start::Beginning()})) {
      ASSERT_TRUE(event.ok()) << event.status();
      history.log.push_back({event->cursor(), std::string(event->data())});
    }
    const std::vector<std::string> violations = FindViolations(history);
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

}  // namespace playhead::testing
