#include "storage/backup/backup_archive.h"

#include <openssl/sha.h>
#include <rocksdb/rate_limiter.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/escaping.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "proto/errors.h"
#include "storage/backup/backup_file_system.h"
#include "storage/backup/backup_files.h"
#include "storage/store/meta.h"
#include "storage/store/private_dir.h"
#include "storage/store/rocksdb_status.h"
#include "storage/store/store_file_system.h"

namespace playhead::storage {
namespace {

constexpr char kSharedFiles[] = "/shared_checksum";
constexpr char kRestoredFloorFile[] = "/RESTORED_FLOOR";
constexpr uint64_t kProgressBytes = uint64_t{64} << 10;

// A point's metadata about its store, in the format of docs/on-disk-format.md.
struct PointLabel {
  std::string store;
  uint32_t epoch_floor = 0;

  std::string Encode() const { return absl::StrCat("playhead 1 store=", store, " epoch_floor=", epoch_floor); }
  static std::optional<PointLabel> Decode(absl::string_view text) {
    PointLabel label;
    const std::vector<absl::string_view> words = absl::StrSplit(text, ' ');
    if (words.size() != 4 || words[0] != "playhead" || words[1] != "1") return std::nullopt;
    absl::string_view store = words[2];
    absl::string_view floor = words[3];
    if (!absl::ConsumePrefix(&store, "store=") || !absl::ConsumePrefix(&floor, "epoch_floor=") ||
        !absl::SimpleAtoi(floor, &label.epoch_floor)) {
      return std::nullopt;
    }
    label.store = std::string(store);
    return label;
  }
};

// Identifies the store whatever its folder is called: a hash of the random key that was made with it.
std::string StoreIdentity(const Store& store) {
  const std::string& key = store.name_hash_key();
  unsigned char hash[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), hash);
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(hash), 8));
}

BackupPoint ToPoint(const rocksdb::BackupInfo& info, const PointLabel& label) {
  return {.number = info.backup_id,
          .made_at = Timestamp(info.timestamp * 1'000'000),
          .bytes = info.size,
          .files = info.number_files,
          .epoch_floor = label.epoch_floor};
}

absl::Status DirRefused(absl::string_view message) { return MakeError(Reason::kBackupDirRefused, message); }

// Makes the folder, accessible only to its owner: it holds every event and the hashes of keys.
absl::Status MakeBackupDir(const std::string& dir) {
  MakePrivateDir(dir);
  std::error_code error;
  std::filesystem::create_directory(dir, error);
  if (error) return DirRefused(absl::StrCat("cannot make ", dir, ": ", error.message()));
  if (std::filesystem::exists(dir + "/meta", error)) return absl::OkStatus();
  // A range-for would throw the errors of increments.
  for (std::filesystem::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name == "LOCK" || name == "lost+found") continue;
    return DirRefused(absl::StrCat(dir, " holds ", name, " and no backup: give a folder of its own"));
  }
  return error ? DirRefused(absl::StrCat("cannot read ", dir, ": ", error.message())) : absl::OkStatus();
}

absl::Status CheckSameStore(const rocksdb::BackupEngine& engine, const Store& store, const std::string& dir) {
  std::vector<rocksdb::BackupInfo> infos;
  engine.GetBackupInfo(&infos);
  for (const rocksdb::BackupInfo& info : infos) {
    const auto label = PointLabel::Decode(info.app_metadata);
    if (!label) return DirRefused(absl::StrCat(dir, " holds a backup that this build does not know"));
    if (label->store != StoreIdentity(store)) return DirRefused(absl::StrCat(dir, " holds a backup of another store"));
  }
  return absl::OkStatus();
}

// Estimates what will be copied: files that the backup lacks, by number and size, and the memtables.
uint64_t EstimateNewBytes(const Store& store, rocksdb::Env& env, const std::string& dir) {
  std::vector<std::string> shared;
  env.GetChildren(dir + kSharedFiles, &shared).PermitUncheckedError();  // An error means that there are none yet.
  std::set<std::pair<std::string, std::string>> known;                  // "000012_s<session>_<size>.sst"
  for (const std::string& name : shared) {
    const std::vector<std::string> parts = absl::StrSplit(absl::StripSuffix(name, ".sst"), '_');
    if (parts.size() == 3) known.emplace(parts[0], parts[2]);
  }
  std::vector<rocksdb::LiveFileMetaData> files;
  store.db()->GetLiveFilesMetaData(&files);
  uint64_t bytes = 0;
  for (const rocksdb::LiveFileMetaData& file : files) {
    const absl::string_view stem = absl::StripPrefix(absl::StripSuffix(file.name, ".sst"), "/");
    if (!known.contains({std::string(stem), absl::StrCat(file.size)})) bytes += file.size;
  }
  uint64_t memory = 0;
  store.db()->GetAggregatedIntProperty(rocksdb::DB::Properties::kCurSizeAllMemTables, &memory);
  return bytes + memory;
}

absl::Status CheckSpace(rocksdb::Env& env, const std::string& dir, uint64_t needed, uint64_t reserve) {
  uint64_t free = 0;
  if (!env.GetFreeSpace(dir, &free).ok() || free >= needed + reserve) return absl::OkStatus();
  return MakeError(Reason::kDiskLow, absl::StrCat("the backup needs about ", needed, " bytes in ", dir, " and leaves ",
                                                  reserve, " free, but only ", free, " are free: nothing was copied"));
}

absl::Status WriteFailed(const rocksdb::Status& status, const std::string& dir) {
  if (status.IsNoSpace()) return MakeError(Reason::kDiskLow, absl::StrCat("the disk of ", dir, " is full"));
  return ReadError(status, absl::StrCat("copying to ", dir));
}

}  // namespace

absl::StatusOr<BackupReport> MakeBackup(const std::shared_ptr<Store>& store, const StoreOptions& store_options,
                                        const BackupOptions& options, const JobControl& control,
                                        const std::function<void(const BackupProgress&)>& progress) {
  rocksdb::Env& env = EnvOf(store_options);
  const std::string& dir = options.dir;
  if (absl::Status status = MakeBackupDir(dir); !status.ok()) return status;
  rocksdb::FileLock* lock = nullptr;
  if (!env.LockFile(dir + "/LOCK", &lock).ok()) {
    return MakeError(Reason::kJobRunning, absl::StrCat("somebody else is writing to ", dir, ": try again later"));
  }
  const absl::Cleanup unlock = [&] { env.UnlockFile(lock).PermitUncheckedError(); };

  if (absl::Status agree = CheckBackupListsAgree(env, dir); !agree.ok()) return agree;
  const auto files = std::make_shared<BackupFileSystem>(env.GetFileSystem());
  const std::unique_ptr<rocksdb::Env> backup_env = rocksdb::NewCompositeEnv(files);
  rocksdb::BackupEngineOptions engine_options(dir, backup_env.get());
  engine_options.callback_trigger_interval_size = kProgressBytes;
  if (options.bytes_per_second > 0) {
    engine_options.backup_rate_limiter.reset(
        rocksdb::NewGenericRateLimiter(static_cast<int64_t>(options.bytes_per_second)));
  }
  rocksdb::BackupEngine* opened = nullptr;
  rocksdb::Status status = rocksdb::BackupEngine::Open(engine_options, &env, &opened);
  if (!status.ok()) return WriteFailed(status, dir);
  const std::unique_ptr<rocksdb::BackupEngine> engine(opened);
  if (absl::Status same = CheckSameStore(*engine, *store, dir); !same.ok()) return same;

  const auto floor = GetMetaNumber(*store, meta_key::kEpochFloor, 0);
  if (!floor.ok()) return floor.status();
  const PointLabel label{StoreIdentity(*store), static_cast<uint32_t>(*floor)};
  const uint64_t total = EstimateNewBytes(*store, env, dir);
  if (absl::Status space = CheckSpace(env, dir, total, store_options.disk_free_bytes_min); !space.ok()) return space;

  rocksdb::CreateBackupOptions create;
  // Otherwise each point would copy the whole write-ahead log, and later points its events again, as files.
  create.flush_before_backup = true;
  create.progress_callback = [&] {
    if (control.canceled()) engine->StopBackup();
    const uint64_t copied = files->written_bytes();
    progress({.copied_bytes = copied, .total_bytes = std::max(total, copied)});
  };
  rocksdb::BackupID number = 0;
  if (control.canceled()) return absl::CancelledError("the backup was called off");
  status = engine->CreateNewBackupWithMetadata(create, store->db(), label.Encode(), &number);
  if (status.IsIncomplete()) return absl::CancelledError("the backup was called off: there is no new point");
  if (!status.ok()) return WriteFailed(status, dir);
  status = engine->PurgeOldBackups(options.keep);
  if (!status.ok()) return WriteFailed(status, dir);

  std::vector<rocksdb::BackupInfo> infos;
  engine->GetBackupInfo(&infos);
  BackupReport report{.copied_bytes = files->written_bytes(), .points = static_cast<uint32_t>(infos.size())};
  for (const rocksdb::BackupInfo& info : infos) {
    if (info.backup_id == number) report.point = ToPoint(info, label);
  }
  return report;
}

absl::StatusOr<std::unique_ptr<BackupReader>> BackupReader::Open(rocksdb::Env& env, const std::string& dir) {
  if (!env.FileExists(dir + "/meta").ok()) {
    return MakeError(Reason::kBackupNotFound, absl::StrCat("there is no backup in ", dir));
  }
  if (absl::Status agree = CheckBackupListsAgree(env, dir); !agree.ok()) return agree;
  auto reader = std::unique_ptr<BackupReader>(new BackupReader());
  rocksdb::BackupEngineReadOnly* opened = nullptr;
  // Opening a point as a store requires an absolute path.
  const std::string absolute_dir = std::filesystem::absolute(dir).string();
  const rocksdb::Status status =
      rocksdb::BackupEngineReadOnly::Open(rocksdb::BackupEngineOptions(absolute_dir), &env, &opened);
  if (!status.ok()) return ReadError(status, absl::StrCat("opening the backup in ", dir));
  reader->engine_.reset(opened);
  reader->engine_->GetCorruptedBackups(&reader->broken_points_);
  std::vector<rocksdb::BackupInfo> infos;
  reader->engine_->GetBackupInfo(&infos);
  for (const rocksdb::BackupInfo& info : infos) {
    if (const auto label = PointLabel::Decode(info.app_metadata)) {
      reader->points_.push_back(ToPoint(info, *label));
    } else {
      reader->broken_points_.push_back(info.backup_id);
    }
  }
  std::sort(reader->broken_points_.begin(), reader->broken_points_.end());
  if (reader->points_.empty() && reader->broken_points_.empty()) {
    return MakeError(Reason::kBackupNotFound, absl::StrCat("there is no point in ", dir, ": no backup was ended"));
  }
  return reader;
}

absl::StatusOr<BackupPoint> BackupReader::Find(uint32_t number) const {
  if (number == 0 && !points_.empty()) return points_.back();
  std::string there;
  for (const BackupPoint& point : points_) {
    if (point.number == number) return point;
    absl::StrAppend(&there, there.empty() ? "" : ", ", point.number);
  }
  if (points_.empty() || std::find(broken_points_.begin(), broken_points_.end(), number) != broken_points_.end()) {
    return MakeError(Reason::kDataLoss, "files of the point are missing or damaged: playhead verify says which");
  }
  return MakeError(Reason::kBackupNotFound, absl::StrCat("there is no point ", number, "; there are ", there));
}

absl::Status BackupReader::Extract(const BackupPoint& point, const std::string& dir) const {
  const rocksdb::Status status = engine_->RestoreDBFromBackup(rocksdb::RestoreOptions(), point.number, dir, dir);
  return ReadError(status, absl::StrCat("copying point ", point.number, " to ", dir));
}

absl::StatusOr<BackupReader::Openable> BackupReader::Open(const BackupPoint& point) const {
  rocksdb::BackupInfo info;
  const rocksdb::Status status = engine_->GetBackupInfo(point.number, &info, /*include_file_details=*/true);
  if (!status.ok()) return ReadError(status, absl::StrCat("opening point ", point.number));
  opened_.push_back(std::move(info));
  return Openable{opened_.back().env_for_open.get(), opened_.back().name_for_open};
}

absl::StatusOr<uint32_t> RestoredFloor(rocksdb::Env& env, const std::string& backup_dir) {
  std::string text;
  const std::string path = backup_dir + kRestoredFloorFile;
  if (env.FileExists(path).IsNotFound()) return 0;
  const rocksdb::Status status = rocksdb::ReadFileToString(&env, path, &text);
  if (!status.ok()) return ReadError(status, absl::StrCat("reading ", path));
  uint32_t floor = 0;
  if (!absl::SimpleAtoi(text, &floor)) return MakeError(Reason::kDataLoss, absl::StrCat(path, " is no number"));
  return floor;
}

absl::Status NoteRestoredFloor(rocksdb::Env& env, const std::string& backup_dir, uint32_t floor) {
  const std::string path = backup_dir + kRestoredFloorFile;
  const std::string text = absl::StrCat(floor, "\n");
  rocksdb::Status status = rocksdb::WriteStringToFile(&env, text, path + ".new", /*should_sync=*/true);
  if (status.ok()) status = env.RenameFile(path + ".new", path);
  std::unique_ptr<rocksdb::Directory> directory;
  if (status.ok()) status = env.NewDirectory(backup_dir, &directory);
  if (status.ok()) status = directory->Fsync();
  if (status.ok()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat("cannot note in ", backup_dir,
                                                    " which epoch the restored store begins with (", status.ToString(),
                                                    "): make the folder writable, or give --epoch_floor"));
}

}  // namespace playhead::storage
