#include "storage/verify/verify_files.h"

#include <algorithm>
#include <chrono>
#include <set>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "proto/errors.h"
#include "storage/backup/backup_archive.h"
#include "storage/backup/backup_files.h"
#include "storage/store/store_file_system.h"
#include "storage/store/wal_inspector.h"
#include "storage/verify/read_refusal.h"
#include "storage/verify/verifier.h"

namespace playhead::storage {
namespace {

// Counts findings made before the store is open, and adds them to those of the Verifier.
class Findings {
 public:
  explicit Findings(const VerifyListener& listener) : listener_(listener) {}

  void Tell(FindingKind kind, std::string what) {
    ++progress_.findings;
    listener_.finding({.kind = kind, .what = std::move(what)});
  }
  VerifyProgress& progress() { return progress_; }

  absl::StatusOr<VerifyProgress> AddStore(std::shared_ptr<Store> store, const VerifyOptions& options,
                                          const JobControl& control) {
    VerifyListener listener = listener_;
    listener.progress = [this](const VerifyProgress& progress) { listener_.progress(Sum(progress)); };
    Verifier verifier([store = std::move(store)] { return store; }, options, control, listener);
    const auto progress = verifier.Run();
    if (!progress.ok()) return progress.status();
    return Sum(*progress);
  }

 private:
  VerifyProgress Sum(VerifyProgress progress) const {
    progress.read_bytes += progress_.read_bytes;
    progress.total_bytes += progress_.read_bytes;
    progress.findings += progress_.findings;
    return progress;
  }

  const VerifyListener& listener_;
  VerifyProgress progress_;
};

// Opens and verifies the store. If damage prevents opening it, that is the last finding.
absl::StatusOr<VerifyProgress> VerifyStore(const StoreOptions& store_options, const VerifyOptions& options,
                                           const JobControl& control, Findings& findings) {
  auto store = Store::OpenReadOnly(store_options);
  if (store.ok()) return findings.AddStore(*std::move(store), options, control);
  if (IsReadRefusal(store.status().message())) {
    return MakeError(Reason::kStoreUnavailable, store.status().message());
  }
  const bool is_damage = HasReason(store.status(), Reason::kDataLoss) || absl::IsUnavailable(store.status());
  if (!is_damage) return store.status();
  findings.Tell(FindingKind::kFile, std::string(store.status().message()));
  return findings.progress();
}

}  // namespace

absl::StatusOr<VerifyProgress> VerifyDataDir(const StoreOptions& store, const VerifyOptions& options,
                                             const JobControl& control, const VerifyListener& listener) {
  rocksdb::Env& env = EnvOf(store);
  if (!env.FileExists(store.data_dir + "/CURRENT").ok()) {
    return absl::NotFoundError(absl::StrCat("there is no store in ", store.data_dir));
  }
  rocksdb::FileLock* lock = nullptr;
  const rocksdb::Status locked = env.LockFile(store.data_dir + "/LOCK", &lock);
  const absl::Cleanup unlock = [&] {
    if (lock != nullptr) env.UnlockFile(lock).PermitUncheckedError();
  };
  // If the lock file does not exist, the lock failed because the folder is not writable, and no broker uses it.
  if (!locked.ok() && env.FileExists(store.data_dir + "/LOCK").ok()) {
    // RocksDB's text for a lock that another process holds, which the system may also report as EACCES.
    const bool is_held = absl::StrContains(locked.ToString(), "While lock file");
    if (absl::Status refused = ReadRefusal(locked, "locking the store"); !is_held && !refused.ok()) return refused;
    return absl::FailedPreconditionError(
        absl::StrCat(store.data_dir, " is in use by a broker: verify it there, without --data_dir"));
  }
  Findings findings(listener);
  const auto damage = InspectWal(env, store.data_dir);
  if (!damage.ok()) return damage.status();
  if (damage->has_value() && (*damage)->rot) {
    findings.Tell(FindingKind::kWal, absl::StrCat((*damage)->file, " is damaged at byte ", (*damage)->offset,
                                                  ": what follows cannot be recovered"));
  }
  return VerifyStore(store, options, control, findings);
}

absl::StatusOr<VerifyProgress> VerifyBackup(const std::string& backup_dir, uint32_t point, const VerifyOptions& options,
                                            const JobControl& control, const VerifyListener& listener) {
  rocksdb::Env& env = *rocksdb::Env::Default();
  const auto numbers = ListBackupPoints(env, backup_dir);
  if (!numbers.ok()) return numbers.status();
  const auto start = std::chrono::steady_clock::now();
  Findings findings(listener);
  std::set<std::pair<std::string, uint32_t>> checked;  // With the checksum: a damaged list may have another one.
  const auto pace = [&](uint64_t bytes) -> absl::Status {
    VerifyProgress& progress = findings.progress();
    progress.read_bytes += bytes;
    const double rate = static_cast<double>(options.bytes_per_second);
    const absl::Duration passed = absl::FromChrono(std::chrono::steady_clock::now() - start);
    const double seconds = rate > 0 ? static_cast<double>(progress.read_bytes) / rate : 0;
    if (control.Sleep(std::max(absl::Seconds(seconds) - passed, absl::ZeroDuration()))) return absl::OkStatus();
    return absl::CancelledError("the verification was called off");
  };
  for (const uint32_t number : *numbers) {
    std::string list;
    const std::string path = absl::StrCat("meta/", number);
    if (!rocksdb::ReadFileToString(&env, absl::StrCat(backup_dir, "/", path), &list).ok()) continue;  // Just let go.
    const auto files = ParseBackupFiles(list);
    if (!files.ok()) findings.Tell(FindingKind::kFile, absl::StrCat(path, ": ", files.status().message()));
    if (!files.ok()) continue;
    for (const BackupFile& file : *files) {
      if (!checked.emplace(file.path, file.crc32c).second) continue;
      const absl::Status status = CheckBackupFile(env, backup_dir, file, pace);
      if (status.ok()) continue;
      if (!HasReason(status, Reason::kDataLoss)) return status;
      findings.Tell(FindingKind::kFile,
                    absl::StrCat(file.path, ", which point ", number, " needs: ", status.message()));
    }
  }
  const auto backup = BackupReader::Open(env, backup_dir);
  if (HasReason(backup.status(), Reason::kDataLoss)) {
    findings.Tell(FindingKind::kFile, std::string(backup.status().message()));
    return findings.progress();
  }
  if (!backup.ok()) return backup.status();
  const auto chosen = (*backup)->Find(point);
  if (HasReason(chosen.status(), Reason::kDataLoss)) {
    // Usually its files are findings already.
    findings.Tell(FindingKind::kFile, std::string(chosen.status().message()));
    return findings.progress();
  }
  if (!chosen.ok()) return chosen.status();
  const auto openable = (*backup)->Open(*chosen);
  if (!openable.ok()) return openable.status();
  StoreOptions store_options;
  store_options.data_dir = openable->dir;
  store_options.env = openable->env;
  return VerifyStore(store_options, options, control, findings);
}

}  // namespace playhead::storage
