#include "storage/backup/restore.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "storage/backup/backup_archive.h"
#include "storage/store/meta.h"
#include "storage/store/private_dir.h"
#include "storage/store/rocksdb_status.h"
#include "storage/store/store.h"

namespace playhead::storage {
namespace {

// Where the store is made: inside the data directory, so that it is on the same disk even if that is a mount point.
constexpr char kWorkDir[] = "/RESTORING";

absl::Status NotEmpty(const std::string& dir, const std::string& name) {
  return absl::FailedPreconditionError(
      absl::StrCat(dir, " is not empty: it holds ", name, ". Restore into a new folder; nothing was changed"));
}

absl::Status FileError(absl::string_view what, const std::error_code& error) {
  return absl::UnavailableError(absl::StrCat(what, ": ", error.message()));
}

// Makes `dir` and an empty work folder in it. Refuses a folder that holds anything but the remains of an interrupted
// restore.
absl::Status PrepareDir(const std::string& dir) {
  MakePrivateDir(dir);
  std::error_code error;
  std::filesystem::create_directory(dir, error);
  if (error) return FileError(absl::StrCat("making ", dir), error);
  const bool cut_off = std::filesystem::exists(dir + kWorkDir, error);
  std::vector<std::filesystem::path> left;
  // A range-for would throw the errors of increments.
  for (std::filesystem::directory_iterator entry(dir, error), end; !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (name == "lost+found") continue;
    // Without a CURRENT, what is here is a store that was being moved into place.
    if (!cut_off || name == "CURRENT") return NotEmpty(dir, name);
    left.push_back(entry->path());
  }
  if (error) return FileError(absl::StrCat("reading ", dir), error);
  for (const std::filesystem::path& path : left) {
    std::filesystem::remove_all(path, error);
    if (error) return FileError(absl::StrCat("removing ", path.string()), error);
  }
  std::filesystem::create_directory(dir + kWorkDir, error);
  return error ? FileError(absl::StrCat("making ", dir, kWorkDir), error) : absl::OkStatus();
}

absl::StatusOr<uint32_t> ChooseFloor(rocksdb::Env& env, const RestoreOptions& options, const BackupReader& backup,
                                     const BackupPoint& point) {
  if (options.epoch_floor) {
    if (*options.epoch_floor > point.epoch_floor && *options.epoch_floor <= Cursor::kEpochMax) {
      return *options.epoch_floor;
    }
    return absl::InvalidArgumentError(absl::StrCat("the epoch floor must be from ", point.epoch_floor + 1, " to ",
                                                   Cursor::kEpochMax, ": the point's is ", point.epoch_floor));
  }
  const auto restored = RestoredFloor(env, options.backup_dir);
  if (!restored.ok()) return restored.status();
  uint32_t highest = *restored;
  for (const BackupPoint& other : backup.points()) highest = std::max(highest, other.epoch_floor);
  const uint32_t floor = highest + kRestoredEpochs;
  if (floor > Cursor::kEpochMax) {
    return absl::FailedPreconditionError(
        absl::StrCat("the backup was restored so often that no epochs are left above ", highest,
                     ": give --epoch_floor, from ", point.epoch_floor + 1, " to ", Cursor::kEpochMax,
                     ", if no client holds cursors of another store that was restored from it"));
  }
  return floor;
}

// Recovers the store as a broker's start would, and raises its epoch floor.
absl::Status RaiseFloor(const RestoreOptions& options, uint32_t floor) {
  StoreOptions store_options;
  store_options.data_dir = options.data_dir + kWorkDir;
  store_options.env = options.env;
  const auto store = Store::Open(store_options);
  if (!store.ok()) return store.status();
  if (absl::Status status = RaiseEpochFloorTo(**store, floor); !status.ok()) return status;
  if (absl::Status status = (*store)->NoteHistorySettled(); !status.ok()) return status;
  return (*store)->MarkCleanStop();
}

// Moves CURRENT last: without it a folder is no store.
absl::Status MoveIntoPlace(rocksdb::Env& env, const std::string& dir) {
  const std::string work = dir + kWorkDir;
  std::vector<std::string> names;
  rocksdb::Status status = env.GetChildren(work, &names);
  if (!status.ok()) return ReadError(status, absl::StrCat("reading ", work));
  std::unique_ptr<rocksdb::Directory> directory;
  status = env.NewDirectory(dir, &directory);
  for (const std::string& name : names) {
    if (name == "CURRENT" || name == "LOCK" || absl::StartsWith(name, "LOG")) continue;
    if (status.ok()) status = env.RenameFile(absl::StrCat(work, "/", name), absl::StrCat(dir, "/", name));
  }
  if (status.ok()) status = directory->Fsync();
  if (status.ok()) status = env.RenameFile(work + "/CURRENT", dir + "/CURRENT");
  if (status.ok()) status = directory->Fsync();
  if (!status.ok()) return ReadError(status, absl::StrCat("moving the store into ", dir));
  std::error_code error;
  std::filesystem::remove_all(work, error);
  return error ? FileError(absl::StrCat("removing ", work), error) : absl::OkStatus();
}

}  // namespace

absl::StatusOr<BackupContent> ListBackup(const std::string& backup_dir) {
  const auto backup = BackupReader::Open(*rocksdb::Env::Default(), backup_dir);
  if (!backup.ok()) return backup.status();
  return BackupContent{(*backup)->points(), (*backup)->broken_points()};
}

absl::StatusOr<RestoreReport> Restore(const RestoreOptions& options) {
  rocksdb::Env& env = options.env != nullptr ? *options.env : *rocksdb::Env::Default();
  const auto backup = BackupReader::Open(env, options.backup_dir);
  if (!backup.ok()) return backup.status();
  const auto point = (*backup)->Find(options.point);
  if (!point.ok()) return point.status();
  const auto floor = ChooseFloor(env, options, **backup, *point);
  if (!floor.ok()) return floor.status();
  if (absl::Status status = PrepareDir(options.data_dir); !status.ok()) return status;
  if (!options.epoch_floor) {
    // Noted before the store can assign cursors in the new epoch.
    if (absl::Status status = NoteRestoredFloor(env, options.backup_dir, *floor); !status.ok()) return status;
  }
  absl::Status status = (*backup)->Extract(*point, options.data_dir + kWorkDir);
  if (status.ok()) status = RaiseFloor(options, *floor);
  if (status.ok()) status = MoveIntoPlace(env, options.data_dir);
  if (!status.ok()) return status;
  return RestoreReport{*point, *floor};
}

}  // namespace playhead::storage
