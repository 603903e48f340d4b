#include "tests/simulation/simulation.h"

#include <algorithm>
#include <deque>
#include <filesystem>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "proto/errors.h"
#include "storage/engine/rocksdb_event_log.h"
#include "tests/simulation/oracle.h"
#include "tests/storage/log_harness.h"
#include "tests/support/await.h"
#include "tests/support/delete_instance.h"
#include "tests/support/fault_file_system.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;
using playhead::testing::AwaitStatus;
using playhead::testing::FaultEnv;
using playhead::testing::FaultFileSystem;
using playhead::testing::Random;
using playhead::testing::TempDir;

constexpr uint64_t kInstances = 4;
constexpr uint64_t kSessions = 3;
constexpr uint64_t kRecords = 5;
constexpr uint64_t kStepsMax = 250;
constexpr size_t kInFlightMax = 40;
// How many changes of files a run makes, roughly: the power is cut behind up to so many.
constexpr uint64_t kChangesMax = 600;

// Whether a call failed because the store is broken off, rather than for what was asked.
bool StoreFailed(const absl::Status& status) {
  return HasReason(status, Reason::kStoreUnavailable) || HasReason(status, Reason::kAppendUncertain) ||
         HasReason(status, Reason::kPreviousFailed) || HasReason(status, Reason::kShuttingDown);
}

// An append that was not answered with success: it may be stored or not, and is to be tried again.
struct InDoubt {
  std::string instance;
  std::vector<TestEvent> events;
};

class Simulation {
 public:
  explicit Simulation(const SimulationOptions& options) : options_(options), random_(options.seed) {
    if (options.log_syncs_lie) faults_.files->LieAboutLogSyncs();
  }

  SimulationReport Run();

 private:
  StoreOptions MakeStoreOptions(const std::string& dir) const;
  void PlanFault();
  // False if the power went meanwhile.
  bool OpenLog();
  void CheckAll();
  std::optional<Recovered> ReadAll(const std::string& instance, bool& failed);
  std::optional<std::map<std::string, uint64_t>> ReadRecords();
  void RetryInDoubt();
  void FinishDeletions();
  void Work();
  void Step();
  void Append();
  void Trim(const std::string& instance);
  void Erase(const std::string& instance);
  void Delete(const std::string& instance);
  void WriteRecord();
  void AwaitInFlight(size_t at_most);
  void Close();
  void FlipBits();
  void FlipOne();
  void CheckRotten(const StoreOptions& options);

  std::string AnyInstance() { return absl::StrCat("i", random_.Below(kInstances)); }
  bool failed() const {
    absl::MutexLock lock(&mu_);
    return failed_;
  }
  void NoteFailure(const absl::Status& status, absl::string_view what) ABSL_LOCKS_EXCLUDED(mu_);

  const SimulationOptions options_;
  Random random_;
  const TempDir dir_;
  FaultEnv faults_;
  Oracle oracle_;
  SimulationReport report_;
  std::unique_ptr<EventLog> log_;
  std::vector<std::pair<uint64_t, std::unique_ptr<AppendSession>>> sessions_;
  uint64_t last_session_ = 0;
  std::map<std::string, uint64_t> lives_;
  std::map<std::string, std::map<uint64_t, uint64_t>> numbers_;  // The last of each instance's life and session.
  std::map<std::string, uint64_t> records_;
  std::vector<std::string> deleting_;

  mutable absl::Mutex mu_;  // Guards the members below it.
  bool failed_ ABSL_GUARDED_BY(mu_) = false;
  size_t in_flight_ ABSL_GUARDED_BY(mu_) = 0;
  std::deque<InDoubt> in_doubt_ ABSL_GUARDED_BY(mu_);
  std::vector<std::pair<std::string, Cursor>> appended_ ABSL_GUARDED_BY(mu_);  // Some, to trim and erase at.
};

StoreOptions Simulation::MakeStoreOptions(const std::string& dir) const {
  StoreOptions options;
  options.data_dir = dir;
  options.durability = options_.durability;
  options.sync_interval = absl::Hours(1);
  options.slice_bytes = 60'000;
  options.write_buffer_bytes = 50'000;
  options.wal_bytes_max = 100'000;
  options.idle_instances_max = 2;
  options.disk_free_bytes_min = 0;
  return options;
}

SimulationReport Simulation::Run() {
  for (int run = 0; run < options_.runs && oracle_.violations().empty(); ++run) {
    PlanFault();
    if (OpenLog()) {
      CheckAll();
      RetryInDoubt();
      FinishDeletions();
      if (!failed()) Work();
    }
    Close();
  }
  if (oracle_.violations().empty() && OpenLog()) {
    CheckAll();
    RetryInDoubt();
    FinishDeletions();
    CheckAll();
    Close();
    if (oracle_.violations().empty()) FlipBits();
  }
  report_.violations = oracle_.violations();
  report_.acknowledged = oracle_.acknowledged_count();
  return report_;
}

void Simulation::PlanFault() {
  const auto fail = [this](FaultFileSystem::Operation operation, const char* suffix, int within) {
    ++report_.disk_faults;
    faults_.files->FailOnce(operation, suffix, static_cast<int>(random_.Below(static_cast<uint64_t>(within))),
                            rocksdb::IOStatus::IOError("the disk is broken"));
  };
  switch (random_.Below(6)) {
    case 0:
      return;
    case 1:
      return fail(FaultFileSystem::Operation::kSync, ".log", 60);
    case 2:
      return fail(FaultFileSystem::Operation::kWrite, random_.OneIn(2) ? ".log" : "", 100);
    case 3:
      return fail(random_.OneIn(2) ? FaultFileSystem::Operation::kSync : FaultFileSystem::Operation::kWrite, ".sst", 5);
    default:
      return faults_.files->CutPowerAfter(random_.Skewed(kChangesMax));
  }
}

bool Simulation::OpenLog() {
  {
    absl::MutexLock lock(&mu_);
    failed_ = false;
  }
  StoreOptions options = MakeStoreOptions(dir_.path());
  options.env = faults_.env.get();
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
  log_ = *std::move(log);
  for (uint64_t i = 0; i < kSessions; ++i) sessions_.emplace_back(++last_session_, log_->NewAppendSession());
  return true;
}

void Simulation::CheckAll() {
  const Oracle::Moment moment = oracle_.Now();
  for (uint64_t i = 0; i < kInstances; ++i) {
    const std::string instance = absl::StrCat("i", i);
    bool read_failed = false;
    const auto found = ReadAll(instance, read_failed);
    if (read_failed) return;
    oracle_.CheckLog(moment, instance, *found);
  }
  if (const auto records = ReadRecords()) oracle_.CheckRecords(moment, *records);
}

std::optional<Recovered> Simulation::ReadAll(const std::string& name, bool& failed) {
  Recovered found;
  failed = true;
  const auto instance = Await<std::shared_ptr<Instance>>(
      [&](auto done) { log_->OpenInstance(name, OpenMode::kExisting, std::move(done)); });
  if (HasReason(instance.status(), Reason::kInstanceNotFound)) {
    failed = false;
    return found;
  }
  if (!instance.ok()) return NoteFailure(instance.status(), "open"), std::nullopt;
  found.exists = true;
  found.bounds = (*instance)->bounds();
  ReadOptions read;
  read.after = found.bounds.BeforeFirst();
  read.until = found.bounds.head;
  for (;;) {
    read.events_max = static_cast<uint32_t>(1 + random_.Skewed(400));
    auto result = Await<ReadResult>([&](auto done) { log_->Read(*instance, read, std::move(done)); });
    if (!result.ok()) return NoteFailure(result.status(), "read"), std::nullopt;
    if (options_.tamper_with_read) options_.tamper_with_read(*result);
    for (TestEvent& event : EventsOf(*result)) found.events.push_back(std::move(event));
    if (result->end_reached || result->next >= found.bounds.head) break;
    read.after = result->next;
  }
  failed = false;
  return found;
}

std::optional<std::map<std::string, uint64_t>> Simulation::ReadRecords() {
  const auto rows = Await<std::vector<Record>>([&](auto done) {
    log_->records().Scan(RecordSpace::kConsumers, "simulation/", "", kRecordScanMax, std::move(done));
  });
  if (!rows.ok()) return NoteFailure(rows.status(), "scan"), std::nullopt;
  std::map<std::string, uint64_t> found;
  for (const Record& row : *rows) {
    if (!absl::SimpleAtoi(row.value, &found[row.key])) oracle_.Violation(absl::StrCat("record ", row.key, " is torn"));
  }
  return found;
}

// In their order, and none before the one before it is known to be stored: so each session keeps its order.
void Simulation::RetryInDoubt() {
  for (;;) {
    InDoubt append;
    {
      absl::MutexLock lock(&mu_);
      if (failed_ || in_doubt_.empty()) return;
      append = in_doubt_.front();
    }
    const auto result = Await<AppendResult>([&](auto done) {
      log_->NewAppendSession()->Append(MakeBatch(append.instance, append.events), std::move(done));
    });
    if (!result.ok()) return NoteFailure(result.status(), "retry");
    oracle_.OnAppended(append.instance, append.events, *result);
    absl::MutexLock lock(&mu_);
    in_doubt_.pop_front();
  }
}

void Simulation::FinishDeletions() {
  while (!deleting_.empty() && !failed()) {
    const std::string instance = deleting_.back();
    const absl::Status status = testing::DeleteInstance(*log_, instance);
    if (!status.ok() && !HasReason(status, Reason::kInstanceNotFound)) return NoteFailure(status, "delete");
    oracle_.OnDeleted(instance);
    ++lives_[instance];
    numbers_.erase(instance);
    deleting_.pop_back();
  }
}

void Simulation::Work() {
  const uint64_t steps = random_.Below(kStepsMax);
  for (uint64_t step = 0; step < steps && !failed(); ++step) Step();
  if (random_.OneIn(2)) AwaitInFlight(0);
}

void Simulation::Step() {
  const uint64_t what = random_.Below(100);
  const std::string instance = AnyInstance();
  if (what < 75) return Append();
  if (what < 80) return WriteRecord();
  if (what < 84) return Trim(instance);
  if (what < 86) return Erase(instance);
  if (what < 87) return Delete(instance);
  if (what < 92) return AwaitInFlight(random_.Below(kInFlightMax));
  const Oracle::Moment moment = oracle_.Now();
  bool read_failed = false;
  if (const auto found = ReadAll(instance, read_failed); !read_failed) oracle_.CheckLog(moment, instance, *found);
}

void Simulation::Append() {
  AwaitInFlight(kInFlightMax);
  if (failed()) return;
  const std::string instance = AnyInstance();
  const auto& [session, appends] = sessions_[random_.Below(kSessions)];
  InDoubt append{instance, {}};
  for (uint64_t n = 1 + random_.Skewed(15); n > 0; --n) {
    TestEvent& event = append.events.emplace_back();
    const EventName name = {instance, lives_[instance], session, ++numbers_[instance][session]};
    event.data = WriteName(name) + std::string(random_.Skewed(random_.OneIn(20) ? 20'000 : 500), 'x');
    event.id = WriteName(name);
    if (random_.OneIn(4)) event.attributes.emplace_back("k", absl::StrCat(random_.Below(10)));
  }
  oracle_.OnSubmitted(instance, append.events);
  {
    absl::MutexLock lock(&mu_);
    ++in_flight_;
    in_doubt_.push_back(append);
  }
  appends->Append(MakeBatch(instance, append.events), [this, append](absl::StatusOr<AppendResult> result) {
    if (result.ok()) {
      oracle_.OnAppended(append.instance, append.events, *result);
    } else {
      NoteFailure(result.status(), "append");
    }
    absl::MutexLock lock(&mu_);
    --in_flight_;
    if (!result.ok()) return;
    appended_.emplace_back(append.instance, result->head);
    const auto mine = std::find_if(in_doubt_.begin(), in_doubt_.end(), [&](const InDoubt& other) {
      return other.events.front().data == append.events.front().data;
    });
    in_doubt_.erase(mine);
  });
}

void Simulation::Trim(const std::string& instance) {
  const auto opened = Await<std::shared_ptr<Instance>>(
      [&](auto done) { log_->OpenInstance(instance, OpenMode::kExisting, std::move(done)); });
  if (HasReason(opened.status(), Reason::kInstanceNotFound)) return;
  if (!opened.ok()) return NoteFailure(opened.status(), "open");
  const LogBounds bounds = (*opened)->bounds();
  if (bounds.event_count() == 0) return;
  const Cursor first_kept = bounds.first + random_.Skewed(bounds.event_count());
  oracle_.OnTrimming(instance, first_kept);
  const absl::Status status = AwaitStatus([&](auto done) { log_->Trim(*opened, first_kept, std::move(done)); });
  if (!status.ok()) return NoteFailure(status, "trim");
  oracle_.OnTrimmed(instance, first_kept);
}

void Simulation::Erase(const std::string& instance) {
  Cursor cursor;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [name, at] : appended_) {
      if (name == instance && random_.OneIn(3)) cursor = at;
    }
  }
  if (cursor == Cursor()) return;
  oracle_.OnErasing(instance, cursor);
  const auto started = Await<ErasureInfo>(
      [&](auto done) { log_->erasures().Start({.instances = {instance}, .cursors = {cursor}}, std::move(done)); });
  // As many as may run are running, or the instance is gone.
  if (HasReason(started.status(), Reason::kErasuresLimit) || HasReason(started.status(), Reason::kInstanceNotFound)) {
    return;
  }
  if (!started.ok()) return NoteFailure(started.status(), "erase");
  oracle_.OnErased(instance, cursor);
}

void Simulation::Delete(const std::string& instance) {
  AwaitInFlight(0);  // What is appended meanwhile may come before or behind it.
  if (failed()) return;
  {
    absl::MutexLock lock(&mu_);
    appended_.erase(
        std::remove_if(appended_.begin(), appended_.end(), [&](const auto& at) { return at.first == instance; }),
        appended_.end());
  }
  oracle_.OnDeleting(instance);
  deleting_.push_back(instance);
  FinishDeletions();
}

void Simulation::WriteRecord() {
  const std::string key = absl::StrCat("simulation/", random_.Below(kRecords));
  const uint64_t value = ++records_[key];
  oracle_.OnRecordWriting(key, value);
  {
    absl::MutexLock lock(&mu_);
    ++in_flight_;
  }
  log_->records().Write({{RecordSpace::kConsumers, key, absl::StrCat(value)}}, [this, key, value](absl::Status status) {
    if (status.ok()) {
      oracle_.OnRecordWritten(key, value);
    } else {
      NoteFailure(status, "record");
    }
    absl::MutexLock lock(&mu_);
    --in_flight_;
  });
}

void Simulation::AwaitInFlight(size_t at_most) {
  absl::MutexLock lock(&mu_);
  const auto few = [this, at_most]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return in_flight_ <= at_most; };
  if (!mu_.AwaitWithTimeout(absl::Condition(&few), absl::Seconds(60))) oracle_.Violation("a call is not answered");
}

void Simulation::NoteFailure(const absl::Status& status, absl::string_view what) {
  if (!StoreFailed(status)) oracle_.Violation(absl::StrCat(what, " failed: ", status.ToString()));
  absl::MutexLock lock(&mu_);
  failed_ = true;
}

void Simulation::Close() {
  sessions_.clear();
  log_.reset();
  {
    absl::MutexLock lock(&mu_);
    if (in_flight_ > 0) oracle_.Violation("a call was not answered by the end of the log");
    appended_.clear();
  }
  // Whether it was cut before or is cut now, what was not synced is lost.
  if (random_.OneIn(4)) return;
  ++report_.power_cuts;
  faults_.files->CutPower();
  faults_.files->RestorePower(random_);
}

void Simulation::FlipBits() {
  // What the power took is not to be mixed with what a flip takes.
  for (int i = 0; i < options_.bit_flips && oracle_.violations().empty(); ++i) FlipOne();
}

void Simulation::FlipOne() {
  const TempDir copy;
  std::filesystem::copy(dir_.path(), copy.path(),
                        std::filesystem::copy_options::recursive | std::filesystem::copy_options::overwrite_existing);
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(copy.path())) {
    const std::string name = entry.path().string();
    // Not of logs: their last record counts as torn by a crash, whatever made it unreadable (WalInspectorTest).
    const bool counts = absl::EndsWith(name, ".sst") || absl::StrContains(entry.path().filename().string(), "MANIFEST");
    if (entry.is_regular_file() && entry.file_size() > 0 && counts) files.push_back(name);
  }
  std::sort(files.begin(), files.end());
  if (files.empty()) return;
  const std::string& name = files[random_.Below(files.size())];
  const uint64_t offset = random_.Below(std::filesystem::file_size(name));
  std::fstream file(name, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(static_cast<std::streamoff>(offset));
  const char flipped = static_cast<char>(file.get() ^ (1 << random_.Below(8)));
  file.seekp(static_cast<std::streamoff>(offset));
  file.put(flipped);
  file.close();
  ++report_.bit_flips;
  CheckRotten(MakeStoreOptions(copy.path()));
  if (!oracle_.violations().empty()) oracle_.Violation(absl::StrCat("behind a flipped bit of ", name, " at ", offset));
}

// Either it says so, or nothing is missing and nothing is wrong.
void Simulation::CheckRotten(const StoreOptions& options) {
  auto log = OpenRocksDbEventLog(options);
  if (!log.ok()) {
    ++report_.flips_refused;
    return;
  }
  log_ = *std::move(log);
  bool refused = false;
  const Oracle::Moment moment = oracle_.Now();
  for (uint64_t i = 0; i < kInstances; ++i) {
    const std::string name = absl::StrCat("i", i);
    const auto instance = Await<std::shared_ptr<Instance>>(
        [&](auto done) { log_->OpenInstance(name, OpenMode::kExisting, std::move(done)); });
    if (!instance.ok() && !absl::IsNotFound(instance.status())) {
      refused = true;
      continue;
    }
    Recovered found;
    found.exists = instance.ok();
    bool whole = true;
    if (instance.ok()) {
      found.bounds = (*instance)->bounds();
      ReadOptions read;
      read.after = found.bounds.BeforeFirst();
      read.events_max = kFetchEventsMax;
      for (;;) {
        const auto result = Await<ReadResult>([&](auto done) { log_->Read(*instance, read, std::move(done)); });
        whole = result.ok();
        if (!whole) break;
        for (TestEvent& event : EventsOf(*result)) found.events.push_back(std::move(event));
        if (result->end_reached) break;
        read.after = result->next;
      }
    }
    refused |= !whole;
    if (whole) {
      oracle_.CheckLog(moment, name, found);
    } else {
      oracle_.CheckBytes(name, found.events);
    }
  }
  log_.reset();
  ++(refused ? report_.flips_refused : report_.flips_harmless);
}

}  // namespace

SimulationReport Simulate(const SimulationOptions& options) { return Simulation(options).Run(); }

}  // namespace playhead::storage
