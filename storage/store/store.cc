#include "storage/store/store.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <rocksdb/env.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/cleanup/cleanup.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/record_codec.h"
#include "storage/store/meta.h"
#include "storage/store/private_dir.h"
#include "storage/store/rocksdb_status.h"
#include "storage/store/store_file_system.h"
#include "storage/store/wal_inspector.h"

namespace playhead::storage {
namespace {

// A file that exists while acknowledged data may be unsynced (Durability::kOs); removed by a clean stop.
constexpr char kUnsyncedMarker[] = "/UNSYNCED";

constexpr absl::string_view kFirstManifest = "MANIFEST-000001";

absl::Status CannotOpen(const rocksdb::Status& status, const std::string& dir) {
  return absl::UnavailableError(absl::StrCat("cannot open the store in ", dir, ": ", status.ToString()));
}

// The error of a store that exists but cannot be opened. A missing file counts as damage, like a changed one.
absl::Status OpenError(const rocksdb::Status& status, const std::string& dir) {
  const std::string text = status.ToString();
  // RocksDB's error texts for a lock held by another process, and by another store of this process.
  if (absl::StrContains(text, "While lock file") || absl::StrContains(text, "lock hold by current process")) {
    return absl::FailedPreconditionError(absl::StrCat(dir, " is in use by another broker (", text, ")"));
  }
  if (status.IsCorruption() || status.IsPathNotFound()) {
    return MakeError(Reason::kDataLoss, absl::StrCat("the store in ", dir, " is damaged: ", text));
  }
  return CannotOpen(status, dir);
}

// Whether `dir` has no store yet. An error for a folder that has some files of a store but no CURRENT: it was copied
// incompletely, and a new store must not be made there. RocksDB's first MANIFEST alone is left by a first start that
// was cut short before it wrote CURRENT; a store that was opened again no longer has it.
absl::StatusOr<bool> IsFresh(rocksdb::Env& env, const std::string& dir) {
  const rocksdb::Status current = env.FileExists(dir + "/CURRENT");
  if (current.ok()) return false;
  if (!current.IsNotFound()) return CannotOpen(current, dir);
  std::vector<std::string> children;
  const rocksdb::Status status = env.GetChildren(dir, &children);
  if (!status.ok()) {  // RocksDB reports both as NotFound.
    return absl::UnavailableError(
        absl::StrCat("cannot open the store in ", dir, ": the folder may not be read, or is gone"));
  }
  for (const std::string& name : children) {
    if (name == kFirstManifest) continue;
    if (absl::EndsWith(name, ".sst") || absl::EndsWith(name, ".log") || absl::StartsWith(name, "MANIFEST")) {
      return absl::FailedPreconditionError(
          absl::StrCat(dir, " holds ", name, " but no CURRENT: a store that was copied by half"));
    }
  }
  return true;
}

// Inspects the write-ahead log and cuts off a torn tail. Damage that it returns is rot.
absl::StatusOr<std::optional<WalDamage>> InspectAndCutTail(rocksdb::Env& env, const std::string& dir) {
  // Without the lock, another broker may be writing this log.
  rocksdb::FileLock* lock = nullptr;
  if (const rocksdb::Status status = env.LockFile(dir + "/LOCK", &lock); !status.ok()) return OpenError(status, dir);
  const absl::Cleanup unlock = [&] { env.UnlockFile(lock).PermitUncheckedError(); };
  auto damage = InspectWal(env, dir);
  if (!damage.ok() || !damage->has_value() || (*damage)->rot) return damage;
  if (absl::Status status = CutWal(env, dir, **damage); !status.ok()) return status;
  return std::nullopt;
}

rocksdb::Status SyncFolder(rocksdb::Env& env, const std::string& dir) {
  std::unique_ptr<rocksdb::Directory> directory;
  rocksdb::Status status = env.NewDirectory(dir, &directory);
  return status.ok() ? directory->Fsync() : status;
}

absl::Status WriteMarker(rocksdb::Env& env, const std::string& dir) {
  rocksdb::Status status = rocksdb::WriteStringToFile(&env, "", dir + kUnsyncedMarker, /*should_sync=*/true);
  if (status.ok()) status = SyncFolder(env, dir);
  return status.ok() ? absl::OkStatus() : OpenError(status, dir);
}

// Durably: a marker that reappeared after a power failure would let real rot pass for writes that were never synced.
rocksdb::Status RemoveMarker(rocksdb::Env& env, const std::string& dir) {
  const rocksdb::Status status = env.DeleteFile(dir + kUnsyncedMarker);
  return status.ok() ? SyncFolder(env, dir) : status;
}

}  // namespace

absl::StatusOr<std::shared_ptr<Store>> Store::Open(const StoreOptions& options) {
  rocksdb::Env& env = EnvOf(options);
  const std::string& dir = options.data_dir;
  MakePrivateDir(dir);
  if (const rocksdb::Status status = env.CreateDirIfMissing(dir); !status.ok()) return CannotOpen(status, dir);
  const auto fresh = IsFresh(env, dir);
  if (!fresh.ok()) return fresh.status();

  auto store = std::shared_ptr<Store>(new Store(options));
  absl::Status status = *fresh ? store->OpenDatabase(DatabaseMode::kNew) : store->Recover();
  if (status.ok()) status = store->CheckFormat(*fresh);
  if (status.ok()) status = store->LoadErasures();
  if (!status.ok()) return status;
  return store;
}

absl::StatusOr<std::shared_ptr<Store>> Store::OpenReadOnly(const StoreOptions& options) {
  const auto fresh = IsFresh(EnvOf(options), options.data_dir);
  if (!fresh.ok()) return fresh.status();
  if (*fresh) return absl::NotFoundError(absl::StrCat("there is no store in ", options.data_dir));
  auto store = std::shared_ptr<Store>(new Store(options));
  absl::Status status = store->OpenDatabase(DatabaseMode::kReadOnly);
  if (status.ok()) status = store->CheckFormat(/*fresh=*/false);
  if (!status.ok()) return status;
  return store;
}

absl::Status Store::Recover() {
  rocksdb::Env& env = EnvOf(options_);
  const std::string& dir = options_.data_dir;
  const rocksdb::Status marker = env.FileExists(dir + kUnsyncedMarker);
  if (!marker.ok() && !marker.IsNotFound()) return CannotOpen(marker, dir);
  const bool may_be_unsynced = marker.ok();
  history_may_be_lost_ = may_be_unsynced;
  const auto damage = InspectAndCutTail(env, dir);
  if (!damage.ok()) return damage.status();
  if (!damage->has_value()) return OpenDatabase(DatabaseMode::kExisting);
  const WalDamage& rot = **damage;
  // Unsynced writes reach the disk in any order, so after them this is no proof of rot.
  if (!options_.accept_truncation && !may_be_unsynced) {
    return MakeError(
        Reason::kDataLoss,
        absl::StrCat("the write-ahead log is damaged: ", rot.file, " at byte ", rot.offset, " is not sound, but ",
                     rot.sound_file.empty()
                         ? "more follows than one write can have left behind"
                         : absl::StrCat("a sound record follows in ", rot.sound_file, " at byte ", rot.sound_offset),
                     ": acknowledged events are lost. Restore a backup, or start with "
                     "--accept_truncation to go on without everything from the damage onwards"));
  }
  history_may_be_lost_ = true;
  // If this start is interrupted, the next one must still know.
  if (absl::Status status = WriteMarker(env, dir); !status.ok()) return status;
  // RocksDB recovers what is before the damage, unless its files hold something from after it. The damaged log would
  // then stay, followed by sound records, so it is cut too.
  if (absl::Status status = OpenDatabase(DatabaseMode::kExisting); !status.ok()) return status;
  CloseDatabase();
  if (absl::Status status = CutWal(env, dir, rot); !status.ok()) return status;
  return OpenDatabase(DatabaseMode::kExisting);
}

absl::Status Store::NoteHistorySettled() {
  rocksdb::Env& env = EnvOf(options_);
  const std::string& dir = options_.data_dir;
  if (options_.durability == Durability::kOs) return WriteMarker(env, dir);
  const rocksdb::Status marker = env.FileExists(dir + kUnsyncedMarker);
  if (marker.IsNotFound()) return absl::OkStatus();
  if (!marker.ok()) return ReadError(marker, "looking for the marker of unsynced data");
  return ReadError(RemoveMarker(env, dir), "removing the marker of unsynced data");
}

Store::~Store() {
  CloseDatabase();
  closed_->Notify();
}

void Store::CloseDatabase() {
  if (db_ == nullptr) return;
  {
    absl::MutexLock lock(&mu_);
    slices_.clear();
  }
  families_ = {};
  default_family_.reset();
  db_->Close().PermitUncheckedError();  // Everything acknowledged is already in the write-ahead log.
  db_.reset();
}

absl::Status Store::OpenDatabase(DatabaseMode mode) {
  const rocksdb::DBOptions db_options = MakeDbOptions(options_, tuning_);
  std::vector<std::string> names;
  if (mode != DatabaseMode::kNew) {
    const rocksdb::Status listed = rocksdb::DB::ListColumnFamilies(db_options, options_.data_dir, &names);
    if (!listed.ok()) return OpenError(listed, options_.data_dir);
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  descriptors.emplace_back(rocksdb::kDefaultColumnFamilyName, rocksdb::ColumnFamilyOptions());
  for (size_t i = 0; i < kFamilyNames.size(); ++i) {
    descriptors.emplace_back(kFamilyNames[i], MakeFamilyOptions(static_cast<Family>(i), options_, tuning_));
  }
  std::vector<uint32_t> slices;
  for (const std::string& name : names) {
    const auto number = ParseSliceFamilyName(name);
    if (!number) {
      const bool known = name == rocksdb::kDefaultColumnFamilyName || absl::c_linear_search(kFamilyNames, name);
      if (known) continue;
      return absl::FailedPreconditionError(absl::StrCat("the store in ", options_.data_dir, " has a part named ", name,
                                                        " that this build does not know: use a newer build"));
    }
    slices.push_back(*number);
    descriptors.emplace_back(name, MakeSliceOptions(options_, tuning_));
  }
  if (slices.empty()) {
    slices.push_back(1);
    descriptors.emplace_back(SliceFamilyName(1), MakeSliceOptions(options_, tuning_));
  }
  rocksdb::DB* db = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  const rocksdb::Status opened =
      mode == DatabaseMode::kReadOnly
          ? rocksdb::DB::OpenForReadOnly(db_options, options_.data_dir, descriptors, &handles, &db)
          : rocksdb::DB::Open(db_options, options_.data_dir, descriptors, &handles, &db);
  if (!opened.ok()) return OpenError(opened, options_.data_dir);
  db_.reset(db);
  const auto own = [db](rocksdb::ColumnFamilyHandle* handle) {
    return FamilyHandle(
        handle, [db](rocksdb::ColumnFamilyHandle* h) { db->DestroyColumnFamilyHandle(h).PermitUncheckedError(); });
  };
  default_family_ = own(handles[0]);
  for (size_t i = 0; i < families_.size(); ++i) families_[i] = own(handles[1 + i]);
  absl::MutexLock lock(&mu_);
  for (size_t i = 0; i < slices.size(); ++i) slices_[slices[i]] = own(handles[1 + families_.size() + i]);
  return absl::OkStatus();
}

absl::Status Store::CheckFormat(bool fresh) {
  const auto format = GetMetaNumber(*this, meta_key::kFormat, 0);
  if (!format.ok()) return format.status();
  if (*format == kFormatVersion) {
    auto key = GetMeta(*this, meta_key::kNameHashKey);
    if (!key.ok()) return key.status();
    if (!key->has_value()) return MakeError(Reason::kDataLoss, "meta has no name_hash_key");
    name_hash_key_ = **std::move(key);
    return absl::OkStatus();
  }
  if (*format > kFormatVersion) {
    return absl::FailedPreconditionError(absl::StrCat("the store in ", options_.data_dir, " has format ", *format,
                                                      ", which is newer than ", kFormatVersion,
                                                      ", the newest that this build knows: use a newer build"));
  }
  const auto instance_last = GetMetaNumber(*this, meta_key::kInstanceLast, 0);
  if (!instance_last.ok()) return instance_last.status();
  // Format 0 is right only for a new store, or one whose creation was interrupted before anything else was written.
  if (*format != 0 || (!fresh && *instance_last != 0)) {
    return absl::FailedPreconditionError(
        absl::StrCat("the store in ", options_.data_dir, " has unknown format ", *format));
  }
  name_hash_key_.resize(32);
  if (RAND_bytes(reinterpret_cast<unsigned char*>(name_hash_key_.data()), static_cast<int>(name_hash_key_.size())) !=
      1) {
    return absl::InternalError("no random bytes to be had");
  }
  rocksdb::WriteBatch batch;
  PutMetaNumber(*this, meta_key::kFormat, kFormatVersion, batch);
  batch.Put(family(Family::kMeta), meta_key::kNameHashKey, name_hash_key_).PermitUncheckedError();
  rocksdb::WriteOptions write;
  write.sync = true;
  const rocksdb::Status status = db_->Write(write, &batch);
  return status.ok() ? absl::OkStatus() : OpenError(status, options_.data_dir);
}

absl::Status Store::LoadErasures() {
  const auto row = NewIterator(family(Family::kMeta));
  for (row->Seek(ErasureJobKey(0)); row->Valid() && row->key().starts_with(meta_key::kEventErasurePrefix);
       row->Next()) {
    auto job = DecodeErasureJob(FromSlice(row->value()));
    // The store must not open without it: the events that it hides must stay hidden.
    if (!job.ok()) return job.status();
    erasures_->Put(*job);
  }
  return ReadError(row->status(), "reading erasures");
}

uint64_t Store::Id() const {
  // Derived from the one random value that every store has, without revealing it.
  constexpr absl::string_view kPurpose = "store id";
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha256(), name_hash_key_.data(), static_cast<int>(name_hash_key_.size()),
       reinterpret_cast<const unsigned char*>(kPurpose.data()), kPurpose.size(), hash, &size);
  return RecordReader(absl::string_view(reinterpret_cast<const char*>(hash), size)).Get<uint64_t>();
}

void Store::PauseDamagedMerges(std::chrono::steady_clock::time_point now) const {
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  for (const FamilyHandle& family : families_) families.push_back(family.get());
  tuning_.merge_pauses->Apply(*db_, families, now);
}

std::unique_ptr<rocksdb::Iterator> Store::NewIterator(rocksdb::ColumnFamilyHandle* family,
                                                      rocksdb::ReadOptions options) const {
  // Nothing writes range tombstones (docs/decisions/0005-no-range-tombstones.md). Looking for them makes RocksDB 7.8
  // silently skip a table file below level 0 whose first block cannot be read.
  options.ignore_range_deletions = true;
  return std::unique_ptr<rocksdb::Iterator>(db_->NewIterator(options, family));
}

std::map<uint32_t, FamilyHandle> Store::slices() const {
  absl::MutexLock lock(&mu_);
  return slices_;
}

FamilyHandle Store::slice(uint32_t number) const {
  absl::MutexLock lock(&mu_);
  const auto found = slices_.find(number);
  return found == slices_.end() ? nullptr : found->second;
}

absl::Status Store::CreateSlice(uint32_t number) {
  rocksdb::ColumnFamilyHandle* handle = nullptr;
  const rocksdb::Status status =
      db_->CreateColumnFamily(MakeSliceOptions(options_, tuning_), SliceFamilyName(number), &handle);
  if (!status.ok()) return ReadError(status, absl::StrCat("making slice ", number));
  rocksdb::DB* db = db_.get();
  absl::MutexLock lock(&mu_);
  slices_[number] = FamilyHandle(
      handle, [db](rocksdb::ColumnFamilyHandle* h) { db->DestroyColumnFamilyHandle(h).PermitUncheckedError(); });
  return absl::OkStatus();
}

absl::Status Store::DropSlice(uint32_t number) {
  FamilyHandle slice;
  {
    absl::MutexLock lock(&mu_);
    const auto found = slices_.find(number);
    if (found == slices_.end()) return absl::OkStatus();
    slice = std::move(found->second);
    slices_.erase(found);  // No new users from here on.
  }
  const rocksdb::Status status = db_->DropColumnFamily(slice.get());
  if (status.ok()) return absl::OkStatus();
  absl::MutexLock lock(&mu_);
  slices_[number] = std::move(slice);
  return ReadError(status, absl::StrCat("dropping slice ", number));
}

absl::Status Store::Flush() const {
  const auto slices = this->slices();
  std::vector<rocksdb::ColumnFamilyHandle*> families;
  for (const auto& [number, slice] : slices) families.push_back(slice.get());
  for (const FamilyHandle& family : families_) families.push_back(family.get());
  return ReadError(db_->Flush(rocksdb::FlushOptions(), families), "writing what is in memory to files");
}

uint64_t Store::WalBytes() const {
  // Not by DB::GetSortedWalFiles, which reads from each of them.
  rocksdb::Env& env = EnvOf(options_);
  std::vector<std::string> files;
  env.GetChildren(options_.data_dir, &files).PermitUncheckedError();  // On an error there are none to count.
  uint64_t bytes = 0;
  for (const std::string& file : files) {
    uint64_t size = 0;
    if (absl::EndsWith(file, ".log") && env.GetFileSize(absl::StrCat(options_.data_dir, "/", file), &size).ok()) {
      bytes += size;
    }
  }
  return bytes;
}

absl::Status Store::SyncLog() {
  // The distribution's build of RocksDB 7.8 asserts that a log file is not written to or synced after that has failed. A
  // failure between this look and the sync is still one too many (docs/reliability.md).
  absl::Status status = tuning_.failures->writes_ended()
                            ? MakeError(Reason::kStoreUnavailable, "a write to the store has failed")
                            : ReadError(db_->SyncWAL(), "syncing the write-ahead log");
  if (!status.ok()) sync_failed_.store(true);
  return status;
}

absl::Status Store::MarkCleanStop() {
  if (options_.durability == Durability::kDisk || sync_failed_.load()) return absl::OkStatus();
  if (absl::Status status = SyncLog(); !status.ok()) return status;
  return ReadError(RemoveMarker(EnvOf(options_), options_.data_dir), "marking a clean stop");
}

}  // namespace playhead::storage
