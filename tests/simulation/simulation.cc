#include "tests/simulation/simulation.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "storage/engine/rocksdb_event_log.h"
#include "tests/simulation/backups.h"
#include "tests/simulation/follower.h"
#include "tests/simulation/oracle.h"
#include "tests/simulation/store_failure.h"
#include "tests/simulation/verification.h"
#include "tests/simulation/workload.h"
#include "tests/storage/name_selector.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead::storage {
namespace {

using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;
using playhead::testing::Random;
using playhead::testing::TempDir;

constexpr uint64_t kStepsMax = 300;
// Roughly how many changes of files a run makes: power is cut after at most so many.
constexpr uint64_t kChangesMax = 700;
// A store that could be reopened is so by then: it is tried once a second.
constexpr absl::Duration kReopenedWithin = absl::Minutes(10);

// Hears when the store was reopened after a failure.
class Reopenings final : public CommitListener {
 public:
  void OnCommit(absl::Span<const PublishedBlock> blocks) override {
    if (!blocks.empty()) return;
    absl::MutexLock lock(&mu_);
    ++count_;
  }
  void OnDelete(const std::shared_ptr<Instance>& /*instance*/) override {}
  void OnErase(InstanceNumber /*instance*/) override {}

  uint64_t count() const {
    absl::MutexLock lock(&mu_);
    return count_;
  }
  // False if it takes too long.
  bool AwaitMoreThan(uint64_t count) const {
    absl::MutexLock lock(&mu_);
    const auto more = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return count_ > count; };
    return mu_.AwaitWithTimeout(absl::Condition(&more), kReopenedWithin);
  }

 private:
  mutable absl::Mutex mu_;
  uint64_t count_ ABSL_GUARDED_BY(mu_) = 0;
};

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options);

  SimulationReport Run();

 private:
  enum class Plan { kNothing, kFault, kPowerCut };

  StoreOptions MakeStoreOptions(rocksdb::Env* env) const;
  Plan PlanFault();
  Plan FailOnce(FaultFileSystem::Operation operation, const char* suffix, uint64_t within);
  Plan FailChange();
  // Draws how the disk fails, and adds it to the plans.
  rocksdb::IOStatus DrawFailure();
  bool OpenLog();
  void CheckAndSettle();
  void Work(Plan plan);
  void Step();
  bool AwaitReopening();
  void Follow();
  void CatchUp();
  void Disconnect();
  void Close(bool cut_power);
  void CheckTheEnd();

  const SimulationOptions options_;
  Random random_;
  const TempDir dir_;
  FaultEnv faults_;
  Oracle oracle_;
  StoreFailure failure_{oracle_};
  Workload workload_{oracle_, failure_, random_};
  Backups backups_{oracle_};
  std::vector<Follower> followers_;
  std::vector<ManyFollower> many_followers_;
  SimulationReport report_;
  std::string plans_;  // Of all runs, for people.
  // Of the run at hand. The log goes first: it calls the others.
  std::unique_ptr<Reopenings> reopenings_;
  std::unique_ptr<EventLog> log_;
};

Simulation::Simulation(const SimulationOptions& options) : options_(options), random_(options.seed) {
  if (options.log_syncs_lie) faults_.files->LieAboutLogSyncs();
  for (const std::string& instance : SimulatedInstances()) {
    followers_.emplace_back(oracle_, instance, options.tamper_with_resume);
  }
  for (const auto start : {ManyFollower::Start::kBeforeEverything, ManyFollower::Start::kAtKept}) {
    many_followers_.emplace_back(oracle_, AnySelector(random_), start, options.tamper_with_many_read);
  }
}

StoreOptions Simulation::MakeStoreOptions(rocksdb::Env* env) const {
  StoreOptions options;
  options.data_dir = dir_.path();
  options.durability = options_.durability;
  options.sync_interval = absl::Hours(1);
  options.slice_bytes = 60'000;
  options.write_buffer_bytes = 50'000;
  options.wal_bytes_max = 100'000;
  options.idle_instances_max = 2;
  options.disk_free_bytes_min = 0;
  options.env = env;
  return options;
}

SimulationReport Simulation::Run() {
  for (int run = 0; run < options_.runs && oracle_.violations().empty(); ++run) {
    random_ = Random(options_.seed * 1000 + static_cast<uint64_t>(run));
    const Plan plan = PlanFault();
    if (OpenLog()) {
      CheckAndSettle();
      Work(plan);
    }
    Close(/*cut_power=*/!random_.OneIn(4));
  }
  faults_.files->Heal();
  if (oracle_.violations().empty() && OpenLog()) {
    CheckAndSettle();
    failure_.Check(CheckStore(*log_, oracle_, random_, options_.tamper_with_read), "read everything");
    CatchUp();
    Close(/*cut_power=*/false);
    if (oracle_.violations().empty()) CheckTheEnd();
  }
  report_.violations = oracle_.violations();
  if (!report_.violations.empty()) report_.violations.push_back(absl::StrCat("in ", dir_.path(), plans_));
  report_.acknowledged = oracle_.acknowledged_count();
  report_.points = backups_.made();
  for (const Follower& follower : followers_) report_.followed += follower.given();
  for (const ManyFollower& follower : many_followers_) report_.followed += follower.given();
  return report_;
}

Simulation::Plan Simulation::FailOnce(FaultFileSystem::Operation operation, const char* suffix, uint64_t within) {
  const int skip = static_cast<int>(random_.Below(within));
  constexpr absl::string_view kOperations[] = {"open", "read", "write", "sync"};
  absl::StrAppend(&plans_, "; behind ", skip, " a ", kOperations[static_cast<int>(operation)], " of *", suffix,
                  " fails");
  faults_.files->FailOnce(operation, suffix, skip, DrawFailure());
  return Plan::kFault;
}

Simulation::Plan Simulation::FailChange() {
  const uint64_t skip = random_.Skewed(kChangesMax);
  absl::StrAppend(&plans_, "; behind ", skip, " a change fails");
  faults_.files->FailChange(skip, DrawFailure());
  return Plan::kFault;
}

rocksdb::IOStatus Simulation::DrawFailure() {
  ++report_.disk_faults;
  if (!random_.OneIn(3)) return rocksdb::IOStatus::IOError("the disk is broken");
  absl::StrAppend(&plans_, ", for the disk is full");
  return rocksdb::IOStatus::NoSpace("the disk is full");
}

Simulation::Plan Simulation::PlanFault() {
  using Operation = FaultFileSystem::Operation;
  faults_.files->Heal();
  if (random_.OneIn(4)) {
    faults_.files->SlowDown(/*every=*/1 + random_.Below(30), absl::Milliseconds(1 + random_.Below(5)));
  }
  switch (random_.Below(10)) {
    case 0:
      plans_ += "; nothing fails";
      return Plan::kNothing;
    case 1:
      return FailOnce(Operation::kSync, ".log", 60);
    case 2:
      return FailOnce(Operation::kWrite, random_.OneIn(2) ? ".log" : "", 100);
    case 3:
      return FailOnce(random_.OneIn(2) ? Operation::kSync : Operation::kWrite, ".sst", 5);
    case 4:
      return FailOnce(Operation::kRead, ".sst", 200);
    case 5:
      return FailChange();
    case 6:
      return FailOnce(Operation::kOpen, "", 12);
    default:
      plans_ += "; the power is cut";
      faults_.files->CutPowerAfter(random_.Skewed(kChangesMax));
      return Plan::kPowerCut;
  }
}

bool Simulation::OpenLog() {
  failure_.Forget();
  const StoreOptions options = MakeStoreOptions(faults_.env.get());
  auto log = OpenRocksDbEventLog(options);
  if (!log.ok()) {
    // A fault may have been planned for just then: without it, it must open.
    faults_.files->CutPower();
    ++report_.power_cuts;
    faults_.files->RestorePower(random_);
    log = OpenRocksDbEventLog(options);
  }
  if (!log.ok()) {
    oracle_.Violation(absl::StrCat("the store does not open: ", log.status().ToString()));
    return false;
  }
  reopenings_ = std::make_unique<Reopenings>();
  log_ = *std::move(log);
  log_->SetCommitListener(reopenings_.get());
  workload_.Connect(*log_);
  return true;
}

void Simulation::CheckAndSettle() {
  if (!failure_.Check(CheckStore(*log_, oracle_, random_, options_.tamper_with_read), "read everything")) return;
  workload_.Settle();
}

void Simulation::Work(Plan plan) {
  const uint64_t steps = random_.Below(kStepsMax);
  const uint64_t seed = random_.Below(UINT64_MAX);
  for (uint64_t step = 0; step < steps && oracle_.violations().empty(); ++step) {
    if (failure_.happened() && (plan != Plan::kFault || !AwaitReopening())) return;
    if (failure_.happened()) continue;
    // What the steps before it drew depends on what they met.
    random_ = Random(seed + step);
    Step();
  }
  if (random_.OneIn(2)) workload_.AwaitInFlight(0);
  if (random_.OneIn(2)) backups_.AwaitEnd();
}

// After a fault of the disk, that was the only one: the log goes on by itself.
bool Simulation::AwaitReopening() {
  workload_.AwaitInFlight(0);
  Disconnect();
  const uint64_t before = reopenings_->count();
  // Not every failure is one of a write.
  if (!log_->CheckTakesAppends().ok()) {
    if (!reopenings_->AwaitMoreThan(before)) {
      oracle_.Violation("the store is not reopened");
      return false;
    }
    ++report_.reopenings;
  }
  failure_.Forget();
  workload_.Connect(*log_);
  CheckAndSettle();
  return true;
}

void Simulation::Step() {
  const uint64_t what = random_.Below(125);
  const std::string& instance = SimulatedInstances()[random_.Below(SimulatedInstances().size())];
  if (what < 75) return workload_.Append();
  if (what < 80) return workload_.WriteRecord();
  if (what < 84) return workload_.Trim(instance);
  if (what < 86) return workload_.Erase(instance);
  if (what < 87) return workload_.Delete(instance);
  if (what < 92) return workload_.AwaitInFlight(random_.Below(Workload::kInFlightMax));
  if (what < 93) return backups_.Begin(*log_);
  if (what < 120) return Follow();
  const Moment moment = oracle_.Now();
  Recovered found;
  const absl::Status status = ReadWhole(*log_, instance, random_, options_.tamper_with_read, found);
  if (failure_.Check(status, "read")) oracle_.CheckWhole(moment, instance, found);
}

void Simulation::Follow() {
  if (random_.OneIn(2)) {
    ManyFollower& follower = many_followers_[random_.Below(many_followers_.size())];
    failure_.Check(follower.Pull(*log_, random_), "follow many");
  } else {
    Follower& follower = followers_[random_.Below(followers_.size())];
    failure_.Check(follower.Pull(*log_, random_), "follow");
  }
}

// Everything that there is, and in one order, whoever asked for it and when.
void Simulation::CatchUp() {
  for (Follower& follower : followers_) failure_.Check(follower.CatchUp(*log_, random_), "follow");
  ManyFollower fresh(oracle_, std::make_shared<PrefixSelector>(""), ManyFollower::Start::kAtKept, nullptr);
  failure_.Check(fresh.CatchUp(*log_, random_), "follow many");
  for (ManyFollower& follower : many_followers_) {
    failure_.Check(follower.CatchUp(*log_, random_), "follow many");
    follower.CheckSameOrder(fresh);
  }
}

void Simulation::Disconnect() {
  workload_.Disconnect();
  for (Follower& follower : followers_) failure_.Check(follower.Disconnect(), "follow");
  for (ManyFollower& follower : many_followers_) failure_.Check(follower.Disconnect(random_), "follow many");
}

void Simulation::Close(bool cut_power) {
  workload_.Disconnect();
  log_.reset();
  Disconnect();
  workload_.CheckAllWasAnswered();
  // Whether it was cut before or is cut now, what was not synced is lost.
  if (!cut_power) return;
  ++report_.power_cuts;
  faults_.files->CutPower();
  faults_.files->RestorePower(random_);
}

// Of the store as it is closed, and of its backup.
void Simulation::CheckTheEnd() {
  const FaultEnv calm;  // Syncs nothing, and fails nothing.
  const StoreOptions options = MakeStoreOptions(calm.env.get());
  const std::string complaints = ComplaintsOf(options);
  if (!complaints.empty()) oracle_.Violation(absl::StrCat("a verification says: ", complaints));
  if (backups_.CheckNewest(options, random_, options_.restore_older_point)) ++report_.restored;
  BitRot bit_rot(oracle_, random_, options);
  // What one flip breaks is not to be mixed with what another does.
  for (int i = 0; i < options_.bit_flips && oracle_.violations().empty(); ++i) bit_rot.Flip();
  report_.bit_rot = bit_rot.report();
}

}  // namespace

SimulationReport Simulate(const SimulationOptions& options) { return Simulation(options).Run(); }

}  // namespace playhead::storage
