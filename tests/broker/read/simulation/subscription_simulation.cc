#include "tests/broker/read/simulation/subscription_simulation.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "broker/limits.h"
#include "proto/errors.h"
#include "storage/engine/rocksdb_event_log.h"
#include "storage/options.h"
#include "tests/broker/read/simulation/instance_reader.h"
#include "tests/broker/read/simulation/reader.h"
#include "tests/broker/read/simulation/store_reader.h"
#include "tests/simulation/many_follower.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/rules.h"
#include "tests/simulation/store_failure.h"
#include "tests/simulation/store_reads.h"
#include "tests/simulation/workload.h"
#include "tests/support/await.h"
#include "tests/support/broker_core.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead::broker {
namespace {

using storage::SimulatedInstances;
using testing::BrokerCore;
using testing::FaultEnv;
using testing::FaultFileSystem;
using testing::Random;
using testing::TempDir;

constexpr uint64_t kAppenders = 3;
constexpr uint64_t kAppendsMax = 60;  // Per appender and run.
constexpr uint64_t kStepsMax = 150;
// Roughly how many changes of files a run makes: power is cut after at most so many.
constexpr uint64_t kChangesMax = 700;
constexpr absl::Duration kOften = absl::Milliseconds(5);
constexpr absl::Duration kNever = absl::Hours(10);

class Simulation {
 public:
  explicit Simulation(const SubscriptionSimulationOptions& options);

  SubscriptionSimulationReport Run();

 private:
  void MakeReaders();
  ReaderOptions MakeReaderOptions();
  Limits MakeLimits();
  storage::StoreOptions MakeStoreOptions() const;

  // Opens the store, and cuts power before that ends.
  void OpenInVain();
  bool Open();
  DiskPlan PlanFault();
  DiskPlan FailOnce(FaultFileSystem::Operation operation, const char* suffix, uint64_t within);
  void FailChange();
  rocksdb::IOStatus DrawFailure();
  void Work(uint64_t appends, uint64_t steps);
  void Step();
  // Runs `change` while nothing else changes any instance. Does nothing if the outcome of an append is unknown.
  void WhileAllIsSettled(absl::FunctionRef<void()> change);
  void AwaitEverybody();
  std::optional<Ends> FindEnds();
  void Recover();
  void Close(bool cut_power);

  const SubscriptionSimulationOptions options_;
  Random random_;
  const TempDir dir_;
  FaultEnv faults_;
  storage::Oracle oracle_;
  storage::StoreFailure failure_{oracle_};
  storage::Workload workload_{oracle_, failure_, random_};
  absl::Mutex gate_;  // Held shared to begin an append, and exclusively to keep appends from beginning.
  std::vector<std::unique_ptr<Appender>> appenders_;
  std::vector<std::unique_ptr<Reader>> readers_;
  std::vector<StoreReader*> store_readers_;  // A subset of readers_.
  SubscriptionSimulationReport report_;
  std::string plans_;  // The faults of all runs, as text.
  // The current run.
  DiskPlan plan_ = DiskPlan::kSound;
  std::unique_ptr<BrokerCore> broker_;
  WatchedLog* log_ = nullptr;
};

Simulation::Simulation(const SubscriptionSimulationOptions& options) : options_(options), random_(options.seed) {
  if (options.log_syncs_lie) faults_.files->LieAboutLogSyncs();
  for (uint64_t i = 1; i <= kAppenders; ++i) {
    appenders_.push_back(std::make_unique<Appender>(oracle_, i, !options.announces_unsynced));
  }
  MakeReaders();
}

void Simulation::MakeReaders() {
  using From = InstanceReader::From;
  for (const std::string& instance : SimulatedInstances()) {
    for (const From from : {From::kBeforeEverything, From::kBeginning, From::kNow}) {
      readers_.push_back(std::make_unique<InstanceReader>(oracle_, instance, from, MakeReaderOptions(),
                                                          options_.tamper_with_resume, random_.Below(UINT64_MAX)));
    }
  }
  for (const auto from : {StoreReader::From::kBeforeEverything, StoreReader::From::kBeginning}) {
    for (int i = 0; i < 3; ++i) {
      auto reader = std::make_unique<StoreReader>(oracle_, storage::AnySelector(random_), from, MakeReaderOptions(),
                                                  random_.Below(UINT64_MAX));
      store_readers_.push_back(reader.get());
      readers_.push_back(std::move(reader));
    }
  }
}

ReaderOptions Simulation::MakeReaderOptions() {
  ReaderOptions options;
  if (random_.OneIn(3)) {
    auto filter = random_.OneIn(2) ? storage::EventFilter::Make({"u"}) : storage::EventFilter::Make({"t", "v*"});
    options.filter = std::make_shared<const storage::EventFilter>(*std::move(filter));
  }
  options.allow_gap = random_.OneIn(2);
  options.rests_every = random_.OneIn(2) ? 0 : 1 + random_.Below(4);
  // A reader without heartbeats must be woken by events.
  options.heartbeat_interval = random_.OneIn(2) ? kOften : kNever;
  options.patience = options_.patience;
  return options;
}

Limits Simulation::MakeLimits() {
  constexpr size_t kTailBytes[] = {1, 4'000, 20'000, 1'000'000};
  constexpr size_t kDeliveryBytes[] = {500, 5'000, 500'000};
  Limits limits;
  limits.tail_bytes_max = kTailBytes[random_.Below(std::size(kTailBytes))];
  limits.delivery_bytes_max = kDeliveryBytes[random_.Below(std::size(kDeliveryBytes))];
  limits.delivery_bytes_free = 1'000;
  limits.delivery_budget_bytes = 200'000;
  limits.progress_interval = kOften;
  return limits;
}

storage::StoreOptions Simulation::MakeStoreOptions() const {
  storage::StoreOptions options;
  options.data_dir = dir_.path();
  options.durability = options_.announces_unsynced ? storage::Durability::kOs : storage::Durability::kDisk;
  options.sync_interval = absl::Hours(1);
  options.slice_bytes = 60'000;
  options.write_buffer_bytes = 50'000;
  options.wal_bytes_max = 100'000;
  options.idle_instances_max = 2;
  options.disk_free_bytes_min = 0;
  options.env = faults_.env.get();
  return options;
}

SubscriptionSimulationReport Simulation::Run() {
  for (int run = 0; run < options_.runs && oracle_.violations().empty(); ++run) {
    random_ = Random(options_.seed * 1000 + static_cast<uint64_t>(run));
    const bool cut_power = !random_.OneIn(4);
    if (random_.OneIn(4)) OpenInVain();
    if (!Open()) break;
    plan_ = PlanFault();
    const uint64_t steps = random_.Below(kStepsMax);
    Work(random_.Below(kAppendsMax), steps);
    Close(cut_power || plan_ == DiskPlan::kDies);
  }
  faults_.files->Heal();
  plan_ = DiskPlan::kSound;
  if (oracle_.violations().empty() && Open()) {
    Work(/*appends=*/0, /*steps=*/0);
    AwaitEverybody();
    failure_.Check(storage::CheckStore(log_->unharmed(), oracle_, random_, nullptr), "read everything");
    for (StoreReader* const reader : store_readers_) {
      storage::Broken broken;
      storage::CheckSameOrder(reader->order(), store_readers_.front()->order(), broken);
      for (std::string& what : broken) oracle_.Violation(std::move(what));
    }
    if (failure_.happened()) oracle_.Violation("the store failed without a fault");
    Close(/*cut_power=*/false);
  }
  report_.violations = oracle_.violations();
  if (!report_.violations.empty()) report_.violations.push_back(absl::StrCat("in ", dir_.path(), plans_));
  report_.acknowledged = oracle_.acknowledged_count();
  for (const auto& reader : readers_) {
    report_.given += reader->given();
    report_.resumes += reader->resumes();
  }
  for (const auto& appender : appenders_) {
    const AppenderReport report = appender->report();
    report_.appends.conditions_met += report.conditions_met;
    report_.appends.conditions_refused += report.conditions_refused;
    report_.appends.repeated += report.repeated;
    report_.appends.tried_again += report.tried_again;
    report_.appends.stored_before += report.stored_before;
  }
  return report_;
}

void Simulation::OpenInVain() {
  faults_.files->CutPowerAfter(random_.Skewed(60));
  storage::OpenRocksDbEventLog(MakeStoreOptions()).IgnoreError();
  faults_.files->CutPower();
  ++report_.power_cuts;
  faults_.files->RestorePower(random_);
  plans_ += "; an opening is cut short";
}

bool Simulation::Open() {
  faults_.files->Heal();
  auto log = storage::OpenRocksDbEventLog(MakeStoreOptions());
  if (!log.ok()) {
    oracle_.Violation(absl::StrCat("the store does not open: ", log.status().ToString()));
    return false;
  }
  auto watched = std::make_unique<WatchedLog>(*std::move(log), options_.bug);
  log_ = watched.get();
  broker_ = std::make_unique<BrokerCore>(MakeLimits(), std::move(watched));
  failure_.Forget();
  workload_.Connect(*log_);
  return failure_.Check(storage::CheckStore(log_->unharmed(), oracle_, random_, nullptr), "read everything");
}

DiskPlan Simulation::PlanFault() {
  using Operation = FaultFileSystem::Operation;
  if (random_.OneIn(4)) {
    faults_.files->SlowDown(/*every=*/1 + random_.Below(30), absl::Milliseconds(1 + random_.Below(5)));
  }
  switch (random_.Below(10)) {
    case 0:
      plans_ += "; nothing fails";
      return DiskPlan::kSound;
    case 1:
      return FailOnce(Operation::kSync, ".log", 60);
    case 2:
      return FailOnce(Operation::kWrite, random_.OneIn(2) ? ".log" : "", 100);
    case 3:
      return FailOnce(random_.OneIn(2) ? Operation::kSync : Operation::kWrite, ".sst", 5);
    case 4:
      return FailOnce(Operation::kRead, ".sst", 200);
    case 5:
      FailChange();
      return DiskPlan::kRecovers;
    case 6:
      FailChange();
      return FailOnce(Operation::kOpen, "", 12);  // Fails the reopening.
    default:
      plans_ += "; the power is cut";
      faults_.files->CutPowerAfter(random_.Skewed(kChangesMax));
      return DiskPlan::kDies;
  }
}

DiskPlan Simulation::FailOnce(FaultFileSystem::Operation operation, const char* suffix, uint64_t within) {
  const int skip = static_cast<int>(random_.Below(within));
  constexpr absl::string_view kOperations[] = {"open", "read", "write", "sync"};
  absl::StrAppend(&plans_, "; behind ", skip, " a ", kOperations[static_cast<int>(operation)], " of *", suffix,
                  " fails");
  faults_.files->FailOnce(operation, suffix, skip, DrawFailure());
  return DiskPlan::kRecovers;
}

void Simulation::FailChange() {
  const uint64_t skip = random_.Skewed(kChangesMax);
  absl::StrAppend(&plans_, "; behind ", skip, " a change fails");
  faults_.files->FailChange(skip, DrawFailure());
}

rocksdb::IOStatus Simulation::DrawFailure() {
  ++report_.disk_faults;
  if (!random_.OneIn(3)) return rocksdb::IOStatus::IOError("the disk is broken");
  absl::StrAppend(&plans_, ", for the disk is full");
  return rocksdb::IOStatus::NoSpace("the disk is full");
}

void Simulation::Work(uint64_t appends, uint64_t steps) {
  // Appends of unknown outcome must not be mixed with new ones.
  workload_.Settle();
  for (const auto& appender : appenders_) {
    appender->Start(*log_, gate_, plan_, appends, random_.Below(UINT64_MAX));
  }
  for (const auto& reader : readers_) {
    if (!random_.OneIn(4)) reader->Connect(broker_->core(), plan_);
  }
  const uint64_t seed = random_.Below(UINT64_MAX);
  for (uint64_t step = 0; step < steps && oracle_.violations().empty(); ++step) {
    for (const auto& appender : appenders_) appender->AwaitBegun(appends * step / steps);
    if (failure_.happened() && plan_ == DiskPlan::kDies) break;
    if (failure_.happened()) Recover();
    // How many numbers the previous steps drew depends on what happened in them.
    random_ = Random(seed + step);
    Step();
  }
  for (const auto& appender : appenders_) appender->Join();
  workload_.AwaitInFlight(0);
}

void Simulation::Step() {
  // With `announces_unsynced`, only steps that concern readers: the oracle must find the bug through what they were
  // given.
  const uint64_t what = options_.announces_unsynced ? random_.Below(72) : random_.Below(100);
  Reader& reader = *readers_[random_.Below(readers_.size())];
  const std::string& instance = SimulatedInstances()[random_.Below(SimulatedInstances().size())];
  if (what < 40) {
    for (const auto& any : readers_) {
      if (random_.OneIn(2)) any->GoOn();
    }
  } else if (what < 65) {
    reader.Connect(broker_->core(), plan_);
  } else if (what < 70) {
    reader.Disconnect();
  } else if (what < 72) {
    reader.EndByBroker();
  } else if (what < 82) {
    workload_.Append();
  } else if (what < 88) {
    workload_.Trim(instance);
  } else if (what < 91) {
    workload_.Erase(instance);
  } else if (what < 93) {
    WhileAllIsSettled([&] {
      if (random_.OneIn(2)) AwaitEverybody();
      for (const auto& any : readers_) any->CheckNoneMissing();
      if (failure_.happened()) return;
      workload_.Delete(instance);
      ++report_.deletions;
    });
  } else {
    WhileAllIsSettled([&] { AwaitEverybody(); });
  }
}

void Simulation::WhileAllIsSettled(absl::FunctionRef<void()> change) {
  absl::WriterMutexLock lock(&gate_);
  workload_.AwaitInFlight(0);
  if (failure_.happened()) return;
  for (const auto& appender : appenders_) {
    appender->AwaitNoneInFlight();
    if (!appender->IsSettled()) return;
  }
  change();
}

void Simulation::AwaitEverybody() {
  const std::optional<Ends> ends = FindEnds();
  if (!ends) return;
  ++report_.syncs;
  for (const auto& reader : readers_) {
    reader->SetHurries(true);
    reader->GoOn();
  }
  for (const auto& reader : readers_) {
    if (oracle_.violations().empty()) reader->AwaitEnd(broker_->core(), *log_, *ends, plan_);
  }
  for (const auto& reader : readers_) reader->SetHurries(false);
}

std::optional<Ends> Simulation::FindEnds() {
  Ends ends;
  for (const std::string& instance : SimulatedInstances()) {
    const std::optional<uint64_t> life = oracle_.LifeOf(instance);
    if (!life) return std::nullopt;
    ends.logs[instance].life = *life;
    const auto opened = testing::Await<std::shared_ptr<storage::Instance>>(
        [&](auto done) { log_->OpenInstance(instance, storage::OpenMode::kExisting, std::move(done)); });
    if (HasReason(opened.status(), Reason::kInstanceNotFound)) continue;
    if (!failure_.Check(opened.status(), "open")) return std::nullopt;
    ends.logs[instance].head = (*opened)->head();
  }
  ends.store = log_->head_position();
  return ends;
}

// The only fault has happened: the log recovers by itself.
void Simulation::Recover() {
  workload_.AwaitInFlight(0);
  workload_.Disconnect();
  if (!log_->AwaitTakesAppends()) oracle_.Violation("the store is not opened again");
  failure_.Forget();
  workload_.Connect(*log_);
  workload_.Settle();
}

void Simulation::Close(bool cut_power) {
  for (const auto& reader : readers_) {
    reader->Disconnect();
    reader->CheckNoneMissing();
  }
  workload_.Disconnect();
  report_.reopenings += log_->reopenings();
  report_.fallbacks += static_cast<uint64_t>(broker_->core().metrics.slow_fallbacks.Value());
  report_.gaps += static_cast<uint64_t>(broker_->core().metrics.gaps_trim.Value());
  broker_.reset();
  log_ = nullptr;
  workload_.CheckAllWasAnswered();
  // Whether power was cut before or is cut now, unsynced data is lost.
  if (!cut_power) return;
  ++report_.power_cuts;
  faults_.files->CutPower();
  faults_.files->RestorePower(random_);
}

}  // namespace

SubscriptionSimulationReport SimulateSubscriptions(const SubscriptionSimulationOptions& options) {
  return Simulation(options).Run();
}

}  // namespace playhead::broker
