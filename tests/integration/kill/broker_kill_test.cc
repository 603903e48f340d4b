// The real broker, killed with -9 at random moments under load, many times on one store.

#include <gtest/gtest.h>

#include <atomic>
#include <iostream>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/client.h"
#include "tests/support/broker_process.h"
#include "tests/support/held_socket.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead {
namespace {

using testing::BrokerProcess;

constexpr int kPublishers = 3;
constexpr int kInstances = 5;

// What publishers were told, to be compared with what the log holds.
class Acknowledged {
 public:
  void Note(const std::string& instance, uint64_t cursor, std::string data) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    const auto [it, inserted] = by_instance_[instance].emplace(cursor, data);
    if (!inserted && it->second != data) ADD_FAILURE() << instance << " acknowledged cursor " << cursor << " twice";
    ++count_;
  }
  size_t count() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return count_;
  }
  std::map<uint64_t, std::string> of(const std::string& instance) const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    const auto found = by_instance_.find(instance);
    return found == by_instance_.end() ? std::map<uint64_t, std::string>() : found->second;
  }

 private:
  mutable absl::Mutex mu_;
  std::map<std::string, std::map<uint64_t, std::string>> by_instance_ ABSL_GUARDED_BY(mu_);
  size_t count_ ABSL_GUARDED_BY(mu_) = 0;
};

class BrokerKillTest : public ::testing::Test {
 protected:
  Client NewClient() const {
    ClientOptions options{.target = target_};
    options.backoff.initial_delay = absl::Milliseconds(20);
    options.backoff.max_delay = absl::Milliseconds(100);
    return *Client::Create(options);
  }

  // Appends numbered events to all instances in turn until told to stop; then waits until all of them are stored.
  void Publish(int publisher_number, const std::atomic<bool>& stop) {
    Publisher publisher = *NewClient().NewPublisher({.window_events_max = 500});
    for (uint64_t n = 0; !stop; ++n) {
      const std::string instance = absl::StrCat("bot-", n % kInstances);
      std::string data = absl::StrCat("p", publisher_number, " ", n);
      const absl::Status status =
          publisher.Append(instance, {.type = "t", .data = data}, [this, instance, data](auto receipt) mutable {
            if (!receipt.ok()) {
              ADD_FAILURE() << data << ": " << receipt.status();
            } else {
              acknowledged_.Note(instance, receipt->cursor, std::move(data));
            }
          });
      ASSERT_TRUE(status.ok()) << status;
    }
    const absl::Status flushed = publisher.Flush(absl::Now() + absl::Seconds(60));
    EXPECT_TRUE(flushed.ok()) << flushed;
  }

  const testing::TempDir folder_;
  std::string target_;
  Acknowledged acknowledged_;
};

TEST_F(BrokerKillTest, EveryAcknowledgedEventIsThereOnceInOrderAfterManyKills) {
  testing::Random random(testing::TestSeed());
  const int rounds = testing::Soak() ? 500 : 25;
  const testing::HeldSocket socket;
  target_ = socket.address();
  auto broker = std::make_unique<BrokerProcess>(folder_.path(), socket.listen());
  ASSERT_FALSE(broker->address().empty());

  std::atomic<bool> stop{false};
  std::vector<std::thread> publishers;
  for (int i = 0; i < kPublishers; ++i) publishers.emplace_back([this, i, &stop] { Publish(i, stop); });
  // A subscriber lives through it all and compares what it gets with what the log holds in the end.
  Subscription subscription = *NewClient().Subscribe("bot-0", Start::Beginning());
  std::vector<std::pair<uint64_t, std::string>> streamed;
  std::thread subscriber([&] {
    for (;;) {
      const auto event = subscription.Next();
      if (!event.ok()) return;
      streamed.emplace_back(event->cursor(), std::string(event->data()));
      if (event->data() == "last") return;
    }
  });

  for (int round = 0; round < rounds; ++round) {
    // The moment of the kill is what is random here, so time is what has to pass.
    absl::SleepFor(absl::Milliseconds(20 + random.Below(150)));
    broker->Kill();
    broker = std::make_unique<BrokerProcess>(folder_.path(), socket.listen());
    ASSERT_FALSE(broker->address().empty()) << "round " << round;
  }
  stop = true;
  for (std::thread& publisher : publishers) publisher.join();

  uint64_t stored = 0;
  std::vector<std::pair<uint64_t, std::string>> first_log;
  for (int i = 0; i < kInstances; ++i) {
    const std::string instance = absl::StrCat("bot-", i);
    const auto acknowledged = acknowledged_.of(instance);
    std::map<std::string, uint64_t> last_of_publisher;
    uint64_t last = 0;
    Client client = NewClient();
    for (const auto& event : client.FetchMissed({.instance = instance, .start = Start::Beginning()})) {
      ASSERT_TRUE(event.ok()) << event.status();
      const std::string data(event->data());
      EXPECT_EQ(event->cursor(), last + 1) << "a hole";
      last = event->cursor();
      const auto found = acknowledged.find(last);
      EXPECT_TRUE(found != acknowledged.end() && found->second == data) << instance << " " << last << ": " << data;
      // Each publisher's events in the order of their numbers, none twice.
      const size_t space = data.find(' ');
      const uint64_t number = std::stoull(data.substr(space + 1)) + 1;
      uint64_t& before = last_of_publisher[data.substr(0, space)];
      EXPECT_EQ(number, before == 0 ? static_cast<uint64_t>(i) + 1 : before + kInstances) << data;
      before = number;
      if (i == 0) first_log.emplace_back(last, data);
    }
    EXPECT_EQ(last, acknowledged.size()) << instance;
    stored += last;
  }
  // Everything that was ever acknowledged is found in one log or another.
  EXPECT_EQ(stored, acknowledged_.count());
  RecordProperty("kills", rounds);
  RecordProperty("acknowledged", static_cast<int>(acknowledged_.count()));
  std::cout << "kills " << rounds << ", acknowledged " << acknowledged_.count() << ", lost 0" << std::endl;

  // The stream ends where the log does.
  Publisher last_one = *NewClient().NewPublisher();
  ASSERT_TRUE(last_one.Append("bot-0", {.type = "t", .data = "last"}).get().ok());
  first_log.emplace_back(first_log.size() + 1, "last");
  subscriber.join();
  subscription.Close();
  EXPECT_EQ(streamed, first_log);
}

}  // namespace
}  // namespace playhead
