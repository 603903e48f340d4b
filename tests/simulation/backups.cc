#include "tests/simulation/backups.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/backup/backup_archive.h"
#include "storage/backup/restore.h"
#include "storage/engine/rocksdb_event_log.h"
#include "tests/simulation/event_name.h"
#include "tests/simulation/store_reads.h"
#include "tests/simulation/verification.h"
#include "tests/support/await.h"

namespace playhead::storage {
namespace {

using playhead::testing::Await;
using playhead::testing::Random;
using playhead::testing::TempDir;

constexpr uint32_t kKeep = 3;

// As a session that no workload has.
constexpr uint64_t kSessionOfRestored = UINT64_MAX;

uint32_t PointBefore(rocksdb::Env& env, const std::string& dir, uint32_t number) {
  const auto backup = BackupReader::Open(env, dir);
  uint32_t before = number;
  if (!backup.ok()) return before;
  for (const BackupPoint& point : (*backup)->points()) {
    if (point.number < number) before = point.number;
  }
  return before;
}

}  // namespace

void Backups::Begin(EventLog& log) {
  {
    absl::MutexLock lock(&mu_);
    if (std::exchange(under_way_, true)) return;
  }
  const auto answered = [this, begun_at = oracle_.Now()](absl::StatusOr<BackupReport> report) {
    Ledger known = oracle_.Copy();
    // Whatever failed may have been the disk of either; all that is promised then is that it may be tried again.
    if (!report.ok() && !IsRetryable(report.status())) {
      oracle_.Violation(absl::StrCat("to back up failed: ", report.status().ToString()));
    }
    absl::MutexLock lock(&mu_);
    under_way_ = false;
    if (!report.ok()) return;
    ++made_;
    newest_ = {report->point.number, begun_at, std::move(known)};
  };
  log.Backup(
      {.dir = dir_, .keep = kKeep, .bytes_per_second = 0}, std::make_shared<JobControl>(), [](const BackupProgress&) {},
      answered);
}

void Backups::AwaitEnd() {
  absl::MutexLock lock(&mu_);
  const auto ended = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !under_way_; };
  mu_.Await(absl::Condition(&ended));
}

bool Backups::CheckNewest(StoreOptions options, Random& random, bool restore_older) {
  Point point;
  {
    absl::MutexLock lock(&mu_);
    if (under_way_) oracle_.Violation("a backup was not answered by the end of the log");
    if (!newest_) return false;
    point = *std::move(newest_);
  }
  const TempDir parent;
  options.data_dir = parent.path() + "/restored";
  const uint32_t restored = restore_older ? PointBefore(*options.env, dir_, point.number) : point.number;
  const auto report =
      Restore({.backup_dir = dir_, .point = restored, .data_dir = options.data_dir, .env = options.env});
  if (!report.ok()) {
    oracle_.Violation(absl::StrCat("point ", restored, " is not restored: ", report.status().ToString()));
    return true;
  }
  CheckRestored(options, point, random);
  return true;
}

void Backups::CheckRestored(const StoreOptions& options, const Point& point, Random& random) {
  const std::string complaints = ComplaintsOf(options);
  if (!complaints.empty()) oracle_.Violation(absl::StrCat("of a restored store a verification says: ", complaints));
  auto log = OpenRocksDbEventLog(options);
  if (!log.ok()) return oracle_.Violation(absl::StrCat("a restored store does not open: ", log.status().ToString()));
  Ledger known = point.known;
  known.OweOnly(point.begun_at);
  Oracle oracle(std::move(known));
  const absl::Status status = CheckStore(**log, oracle, random, nullptr);
  if (!status.ok()) oracle.Violation(absl::StrCat("to read it failed: ", status.ToString()));
  for (const std::string& what : oracle.violations()) oracle_.Violation(absl::StrCat("restored: ", what));
  for (const std::string& instance : SimulatedInstances()) {
    const std::vector<TestEvent> events = {{.data = WriteName({instance, 0, kSessionOfRestored, 1})}};
    const auto appended = Await<AppendResult>(
        [&](auto done) { (*log)->NewAppendSession()->Append(MakeBatch(instance, events), std::move(done)); });
    if (appended.ok()) {
      oracle_.CheckUnused(instance, appended->first_new);
    } else {
      oracle_.Violation(absl::StrCat("to append to a restored store failed: ", appended.status().ToString()));
    }
  }
}

uint64_t Backups::made() const {
  absl::MutexLock lock(&mu_);
  return made_;
}

}  // namespace playhead::storage
