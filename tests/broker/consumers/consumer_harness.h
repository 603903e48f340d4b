// Blocking calls of consumers over a real store, for tests.
#ifndef PLAYHEAD_TESTS_BROKER_CONSUMERS_CONSUMER_HARNESS_H_
#define PLAYHEAD_TESTS_BROKER_CONSUMERS_CONSUMER_HARNESS_H_

#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/consumers/holder.h"
#include "broker/limits.h"
#include "tests/support/broker_core.h"
#include "tests/support/temp_dir.h"

namespace playhead::testing {

// An event as a holder got it.
struct Got {
  std::string instance;
  uint64_t cursor = 0;
  uint32_t attempt = 1;
  std::string replay_id = {};

  friend bool operator==(const Got&, const Got&) = default;
};
void PrintTo(const Got& got, std::ostream* out);

// A holder whose deliveries are taken one at a time, on the test's thread, and handed over at once.
class TestHolder {
 public:
  explicit TestHolder(std::shared_ptr<broker::ConsumerHolder> holder) : holder_(std::move(holder)) {}
  ~TestHolder() { holder_->Cancel(); }

  broker::ConsumerHolder& holder() { return *holder_; }

  std::future<broker::HolderDelivery> Ask();
  broker::HolderDelivery Next() { return Ask().get(); }
  // The next delivery that is neither a heartbeat nor the news that it has caught up.
  broker::HolderDelivery NextThatMatters() { return NextThatMatters(Ask()); }
  // The same of what was asked for before.
  broker::HolderDelivery NextThatMatters(std::future<broker::HolderDelivery> asked);

  // Takes deliveries until `count` events came; fewer if it was closed.
  std::vector<Got> Take(size_t count);
  // Just their cursors.
  std::vector<uint64_t> TakeCursors(size_t count);
  // Takes deliveries until there is none for now: it has caught up.
  std::vector<Got> TakeAll();
  // Why it was closed.
  absl::Status TakeClosed();

  // Each waits until it is confirmed, and returns the first refusal, or what the confirmation says. On the instance of
  // the last event that was taken, unless another is named.
  absl::Status Ack(uint64_t cursor) {
    return Settle({.first = storage::Cursor(cursor), .last = storage::Cursor(cursor)});
  }
  absl::Status AckUpTo(uint64_t cursor) { return Settle({.last = storage::Cursor(cursor)}); }
  absl::Status Nack(uint64_t cursor, absl::string_view reason = "", absl::Duration delay = absl::ZeroDuration());
  absl::Status Park(uint64_t cursor, absl::string_view reason);
  absl::Status Settle(broker::Settlement settlement);

 private:
  void Note(const broker::HeldEvents& held, std::vector<Got>& out);

  const std::shared_ptr<broker::ConsumerHolder> holder_;
  storage::InstanceNumber instance_;
};

// A broker with consumers, which can be stopped and started over the same store.
class ConsumerHarness {
 public:
  // In `data_dir`, or in a temporary folder. `env` is as in StoreOptions.
  explicit ConsumerHarness(broker::Limits limits = {}, std::string data_dir = "", rocksdb::Env* env = nullptr);
  ~ConsumerHarness() { Stop(); }

  BrokerCore& broker() { return *broker_; }
  storage::EventLog& log() { return broker_->log(); }
  broker::ConsumerRegistry& consumers() { return *consumers_; }

  void Restart();

  // Makes a consumer; aborts the test if that fails.
  void Create(broker::ConsumerConfig config,
              broker::ConsumerStart start = broker::StartPosition(broker::FromBeginning()));
  absl::Status TryCreate(broker::ConsumerConfig config,
                         broker::ConsumerStart start = broker::StartPosition(broker::FromBeginning()));
  broker::ConsumerInfo Get(const std::string& name);
  std::unique_ptr<TestHolder> Hold(const std::string& name, broker::HolderOptions options = {});

 private:
  void Start();
  void Stop();

  const TempDir dir_;
  const broker::Limits limits_;
  const std::string data_dir_;
  rocksdb::Env* const env_;
  std::unique_ptr<broker::ConsumerRegistry> consumers_;  // Outlives the log.
  std::unique_ptr<BrokerCore> broker_;
};

// A consumer of the instance "device". Its settings are the defaults, except that a slow test has all the time it needs
// to settle what it took.
broker::ConsumerConfig OfDevice(std::string name = "c");

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_BROKER_CONSUMERS_CONSUMER_HARNESS_H_
