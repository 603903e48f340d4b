// Many lives of a store with consumers, each determined by a seed. Power is cut at any point, or a write of the log
// fails, while events are appended, taken and settled. An event whose settlement was confirmed is never delivered
// again. Every acknowledged event is delivered to every consumer until the consumer settles it; a consumer with a
// single holder gets them in the order of their instance.
//
// PLAYHEAD_TEST_SEED=N runs that seed alone. PLAYHEAD_SOAK runs 10,000 seeds, and PLAYHEAD_SEEDS=N runs N.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <future>
#include <iostream>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <variant>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/holder.h"
#include "broker/limits.h"
#include "storage/engine/rocksdb_event_log.h"
#include "storage/options.h"
#include "tests/broker/consumers/consumer_harness.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead::broker {
namespace {

using storage::Cursor;
using testing::BrokerCore;
using testing::ConsumerHarness;
using testing::FaultEnv;
using testing::FaultFileSystem;
using testing::Random;
using testing::TempDir;
using testing::TestHolder;

constexpr uint64_t kSeeds = 40;
constexpr uint64_t kSoakSeeds = 10'000;
constexpr size_t kThreads = 8;
constexpr int kLives = 5;
constexpr uint64_t kStepsMax = 300;
// How many changes of files a life makes, roughly.
constexpr uint64_t kChangesMax = 400;
constexpr absl::Duration kPatience = absl::Minutes(5);

const std::vector<std::string>& Instances() {
  static const auto& names = *new std::vector<std::string>{"bot-a", "bot-b"};
  return names;
}

using EventKey = std::pair<std::string, uint64_t>;  // Instance and cursor.

std::string ToText(const EventKey& event) { return absl::StrCat(event.first, ":", event.second); }

// What was promised, and whether it was kept. Thread safety: all methods.
class Promises {
 public:
  void OnStored(const EventKey& event) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    stored_.insert(event);
  }
  // From here on it may be settled, or come again.
  void OnSettling(const std::string& consumer, const std::vector<EventKey>& events) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    settling_[consumer].insert(events.begin(), events.end());
  }
  void OnConfirmed(const std::string& consumer, const std::vector<EventKey>& events) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    settled_[consumer].insert(events.begin(), events.end());
  }
  // `in_order`: the consumer has one holder at a time, and nothing overtakes.
  void OnTaken(const std::string& consumer, const EventKey& event, bool in_order) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    ++taken_count_;
    if (settled_[consumer].contains(event)) {
      violations_.push_back(
          absl::StrCat(consumer, " got ", ToText(event), " again, which was confirmed to be settled"));
    }
    const bool is_new = taken_[consumer].insert(event).second;
    uint64_t& highest = highest_[{consumer, event.first}];
    if (is_new && in_order && event.second < highest) {
      violations_.push_back(absl::StrCat(consumer, " got ", ToText(event), " behind ", highest));
    }
    highest = std::max(highest, event.second);
  }
  // What the consumer has to get, for the first time or again, and has never settled.
  std::vector<std::string> Missing(const std::string& consumer, absl::string_view prefix) const
      ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    std::vector<std::string> missing;
    const auto settling = settling_.find(consumer);
    for (const EventKey& event : stored_) {
      if (!absl::StartsWith(event.first, prefix)) continue;
      if (settling == settling_.end() || !settling->second.contains(event)) missing.push_back(ToText(event));
    }
    return missing;
  }
  void Violation(std::string what) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    violations_.push_back(std::move(what));
  }
  std::vector<std::string> violations() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return violations_;
  }
  uint64_t stored_count() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return stored_.size();
  }
  uint64_t settled_count() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    uint64_t count = 0;
    for (const auto& [consumer, events] : settled_) count += events.size();
    return count;
  }
  uint64_t taken_count() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return taken_count_;
  }

 private:
  mutable absl::Mutex mu_;
  std::set<EventKey> stored_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::set<EventKey>> settling_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::set<EventKey>> settled_ ABSL_GUARDED_BY(mu_);
  std::map<std::string, std::set<EventKey>> taken_ ABSL_GUARDED_BY(mu_);
  std::map<std::pair<std::string, std::string>, uint64_t> highest_ ABSL_GUARDED_BY(mu_);
  uint64_t taken_count_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<std::string> violations_ ABSL_GUARDED_BY(mu_);
};

struct Kind {
  ConsumerConfig config;
  size_t holders = 1;
};

std::vector<Kind> Kinds() {
  ConsumerConfig one;
  one.name = "one";
  one.source.name = Instances().front();
  one.in_flight_max = 20;
  one.attempts_max = 0;  // However often it fails it is not parked, but by a holder.
  ConsumerConfig shared = one;
  shared.name = "shared";
  shared.shared = true;
  ConsumerConfig many = one;
  many.name = "many";
  many.source = {.kind = ConsumerSource::Kind::kPrefix, .name = "bot-"};
  ConsumerConfig overtaking = many;
  overtaking.name = "overtaking";
  overtaking.overtake = true;
  return {{one}, {shared, 2}, {many}, {overtaking, 1}};
}

class Simulation {
 public:
  explicit Simulation(uint64_t seed, bool log_syncs_lie = false) : seed_(seed), log_syncs_lie_(log_syncs_lie) {
    limits_.heartbeat_interval = absl::Milliseconds(5);
    limits_.progress_interval = absl::Milliseconds(5);
  }

  Promises& Run() {
    for (int life = 0; life < kLives && promises_.violations().empty(); ++life) {
      random_ = Random(seed_ * 1000 + static_cast<uint64_t>(life));
      Live(life == 0);
    }
    faults_.files->Heal();
    if (promises_.violations().empty() && Opens()) CheckAllCame();
    return promises_;
  }

 private:
  struct Held {
    const Kind* kind;
    std::unique_ptr<TestHolder> holder;
    std::future<HolderDelivery> asked = {};  // For the next delivery, if it has not come yet.
  };

  // The harness ends the test if the store does not open, which only a disk that lies may come to.
  bool Opens() {
    if (!log_syncs_lie_) return true;
    storage::StoreOptions options;
    options.data_dir = dir_.path();
    options.env = faults_.env.get();
    const absl::Status status = storage::OpenRocksDbEventLog(options).status();
    if (!status.ok()) promises_.Violation(status.ToString());
    return status.ok();
  }

  void Live(bool is_first) {
    if (!Opens()) return;
    {
      ConsumerHarness harness(limits_, dir_.path(), faults_.env.get());
      if (is_first) {
        for (const std::string& instance : Instances()) harness.broker().Open(instance);
        for (const Kind& kind : kinds_) harness.Create(kind.config);
        if (log_syncs_lie_) faults_.files->LieAboutLogSyncs();
      }
      const bool recovers = PlanFault();
      std::vector<Held> held;
      for (const Kind& kind : kinds_) {
        for (size_t i = 0; i < kind.holders; ++i) held.push_back(Hold(harness, kind));
      }
      for (uint64_t step = random_.Below(kStepsMax); step > 0 && promises_.violations().empty(); --step) {
        if (!Step(harness, held, recovers)) break;
      }
    }
    faults_.files->CutPower();
    faults_.files->RestorePower(random_);
  }

  // Whether the store goes on by itself behind it.
  bool PlanFault() {
    faults_.files->Heal();
    switch (random_.Below(4)) {
      case 0:
        return true;  // None.
      case 1:
        faults_.files->FailOnce(
            random_.OneIn(2) ? FaultFileSystem::Operation::kSync : FaultFileSystem::Operation::kWrite, ".log",
            static_cast<int>(random_.Below(60)), rocksdb::IOStatus::IOError("the disk is broken"));
        return true;
      default:
        faults_.files->CutPowerAfter(random_.Skewed(kChangesMax));
        return false;
    }
  }

  // False if the store does not take anything any more.
  bool Step(ConsumerHarness& harness, std::vector<Held>& held, bool recovers) {
    if (random_.OneIn(3)) return Append(harness.log()) || (recovers && AwaitReopening(harness.log()));
    Held& one = held[random_.Below(held.size())];
    if (random_.OneIn(30)) {
      HoldAgain(harness, one);
    }
    Take(one);
    return true;
  }

  bool Append(storage::EventLog& log) {
    const std::string& instance = Instances()[random_.Below(Instances().size())];
    const std::vector<NewEvent> events(1 + random_.Skewed(10), {.type = "t", .data = "x"});
    const auto session = log.NewAppendSession();
    const auto result = testing::Await<storage::AppendResult>(
        [&](auto done) { session->Append(testing::MakeBatch(instance, events), std::move(done)); });
    if (!result.ok()) return false;
    for (uint64_t i = 0; i < events.size(); ++i) {
      promises_.OnStored({instance, (result->first_new + i).value()});
    }
    return true;
  }

  bool AwaitReopening(storage::EventLog& log) {
    const absl::Time patience = absl::Now() + kPatience;
    while (!log.CheckTakesAppends().ok()) {
      if (absl::Now() > patience) {
        promises_.Violation("the store is not opened again");
        return false;
      }
      std::this_thread::yield();
    }
    return true;
  }

  static Held Hold(ConsumerHarness& harness, const Kind& kind) {
    return {.kind = &kind, .holder = harness.Hold(kind.config.name)};
  }
  static void HoldAgain(ConsumerHarness& harness, Held& held) {
    held.holder.reset();  // Else it would be busy.
    held = Hold(harness, *held.kind);
  }

  // Takes one delivery and settles its events, some this way and some that. Waits no longer than for a heartbeat: while
  // the store is broken, there may be none.
  void Take(Held& held) {
    if (!held.asked.valid()) held.asked = held.holder->Ask();
    if (held.asked.wait_for(absl::ToChronoNanoseconds(limits_.heartbeat_interval)) != std::future_status::ready) return;
    const HolderDelivery delivery = held.asked.get();
    const auto* events = std::get_if<HeldEvents>(&delivery);
    if (events == nullptr) return;
    const std::string& consumer = held.kind->config.name;
    held.holder->holder().HandedOver(events->batch);
    std::vector<Settlement> settlements;
    auto settled = std::make_shared<std::vector<EventKey>>();
    for (const EventView& event : testing::EventsIn(events->slices)) {
      const EventKey key = {events->instance->name(), event.cursor};
      promises_.OnTaken(consumer, key, held.kind->holders == 1 && !held.kind->config.overtake);
      const uint64_t what = random_.Below(20);
      if (what == 0) continue;
      Settlement& settlement = settlements.emplace_back();
      settlement.instance = events->instance->number();
      settlement.first = settlement.last = Cursor(event.cursor);
      if (what == 1) settlement.action = Settlement::Action::kNack;
      if (what == 2) settlement.action = Settlement::Action::kPark;
      if (what > 1) settled->push_back(key);
    }
    promises_.OnSettling(consumer, *settled);
    const auto refused =
        held.holder->holder().Settle(std::move(settlements), [this, consumer, settled](const absl::Status& confirmed) {
          if (confirmed.ok()) promises_.OnConfirmed(consumer, *settled);
        });
    if (!refused.empty()) promises_.Violation(refused.front().status.ToString());
  }

  // To every consumer, of what was acknowledged to be stored; and what it did not settle again.
  void CheckAllCame() {
    ConsumerHarness harness(limits_, dir_.path(), faults_.env.get());
    random_ = Random(seed_);
    for (const Kind& kind : kinds_) {
      Held held = Hold(harness, kind);
      const absl::Time patience = absl::Now() + kPatience;
      for (;;) {
        const auto missing = promises_.Missing(kind.config.name, kind.config.source.name);
        if (missing.empty() || !promises_.violations().empty()) break;
        if (absl::Now() > patience) {
          promises_.Violation(absl::StrCat(kind.config.name, " did not get ", absl::StrJoin(missing, " ")));
          break;
        }
        Take(held);
        // What it left unsettled has to come again.
        if (random_.OneIn(10)) {
          HoldAgain(harness, held);
        }
      }
    }
  }

  const uint64_t seed_;
  const bool log_syncs_lie_;
  Random random_{0};
  const TempDir dir_;
  const std::vector<Kind> kinds_ = Kinds();
  Limits limits_;
  Promises promises_;  // Told of until the last store is closed.
  FaultEnv faults_;
};

class ConsumerSimulationTest : public ::testing::Test {
 protected:
  // Whether all promises were kept.
  bool RunOne(uint64_t seed) {
    Simulation simulation(seed);
    const Promises& promises = simulation.Run();
    absl::MutexLock lock(&mu_);
    const std::vector<std::string> violations = promises.violations();
    EXPECT_TRUE(violations.empty()) << "PLAYHEAD_TEST_SEED=" << seed << "\n" << absl::StrJoin(violations, "\n");
    stored_ += promises.stored_count();
    taken_ += promises.taken_count();
    settled_ += promises.settled_count();
    return violations.empty();
  }

  absl::Mutex mu_;
  uint64_t stored_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t taken_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t settled_ ABSL_GUARDED_BY(mu_) = 0;
};

TEST_F(ConsumerSimulationTest, WhatIsConfirmedStaysSettledAndEverythingComes) {
  if (std::getenv("PLAYHEAD_TEST_SEED") != nullptr) {
    RunOne(testing::TestSeed());
    return;
  }
  const uint64_t seeds = testing::SeedCount(kSeeds, kSoakSeeds);
  std::atomic<uint64_t> next = 1;
  std::atomic<bool> failed = false;
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (uint64_t seed = next++; seed <= seeds && !failed; seed = next++) {
        if (!RunOne(seed)) failed = true;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  absl::MutexLock lock(&mu_);
  std::cout << seeds << " seeds: " << stored_ << " events acknowledged, " << taken_ << " taken, " << settled_
            << " confirmed to be settled" << std::endl;
  EXPECT_GT(settled_, 50 * seeds);
}

// A simulation that did not notice this would be worth nothing.
TEST_F(ConsumerSimulationTest, ADiskThatDoesNotSyncIsFoundOut) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    Simulation simulation(seed, /*log_syncs_lie=*/true);
    if (!simulation.Run().violations().empty()) return;
  }
  ADD_FAILURE() << "nothing was noticed";
}

}  // namespace
}  // namespace playhead::broker
