#include "storage/erase/file_rewriter.h"

#include <chrono>
#include <memory>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "proto/errors.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

// How often to check whether older snapshots are still held. A read holds one for milliseconds.
constexpr absl::Duration kPollInterval = absl::Milliseconds(5);

// Waits until no snapshot from before now is held: snapshots make RocksDB keep what was deleted since, and iterators
// make it keep files.
absl::Status AwaitOlderReaders(const Store& store, const std::atomic<bool>& canceled) {
  const uint64_t now = store.db()->GetLatestSequenceNumber();
  for (;;) {
    uint64_t oldest = 0;  // 0 if no snapshot is held.
    if (!store.db()->GetIntProperty(rocksdb::DB::Properties::kOldestSnapshotSequence, &oldest) || oldest == 0 ||
        oldest >= now) {
      return absl::OkStatus();
    }
    if (canceled) return MakeError(Reason::kShuttingDown, "rewriting files goes on later");
    absl::SleepFor(kPollInterval);
  }
}

// How long to wait for the deletion of unreferenced files. RocksDB deletes them in the background, but not while a
// backup copies files. Files that a failed write left behind are deleted only when the store is next opened.
constexpr auto kDeletionWaitMax = std::chrono::seconds(5);

std::vector<std::string> FilesEndingIn(rocksdb::DB* db, absl::string_view suffix) {
  std::vector<std::string> files;
  db->GetEnv()->GetChildren(db->GetName(), &files).PermitUncheckedError();  // On an error, wait for nothing.
  std::erase_if(files, [suffix](const std::string& file) { return !absl::EndsWith(file, suffix); });
  return files;
}

// Files on disk that are not, or not yet, part of the store.
absl::flat_hash_set<std::string> UnusedFiles(rocksdb::DB* db, const std::vector<std::string>& old_logs) {
  absl::flat_hash_set<std::string> unused;
  for (std::string& table : FilesEndingIn(db, ".sst")) unused.insert(std::move(table));
  std::vector<rocksdb::LiveFileMetaData> live;
  db->GetLiveFilesMetaData(&live);
  for (const rocksdb::LiveFileMetaData& file : live) unused.erase(absl::StripPrefix(file.name, "/"));
  for (std::string& log : FilesEndingIn(db, ".log")) {
    if (absl::c_linear_search(old_logs, log)) unused.insert(std::move(log));
  }
  return unused;
}

// No row has this key.
constexpr char kNoRow[] = "none";

// Makes RocksDB start another file of the write-ahead log. A family that was being flushed when the last file was
// started keeps the file before it and all later ones until then (DBImpl::SwitchMemtable). RocksDB starts another file
// only if the last one is not empty, hence the write.
absl::Status BeginLog(const Store& store, absl::FunctionRef<absl::Status(FillBatch)> write) {
  const absl::Status written = write([](const Store& open, rocksdb::WriteBatch& batch) {
    batch.Delete(open.family(Family::kMeta), kNoRow).PermitUncheckedError();
  });
  if (!written.ok()) return written;
  return ReadError(store.db()->Flush(rocksdb::FlushOptions(), store.family(Family::kMeta)), "beginning another log");
}

// Waits up to kDeletionWaitMax until all files that are unreferenced now have been deleted. `old_logs` are the files of
// the write-ahead log that all families have flushed since.
void AwaitDeletions(const Store& store, const std::vector<std::string>& old_logs, const std::atomic<bool>& canceled) {
  const auto deadline = std::chrono::steady_clock::now() + kDeletionWaitMax;
  auto awaited = UnusedFiles(store.db(), old_logs);
  while (!awaited.empty() && !canceled && std::chrono::steady_clock::now() < deadline) {
    absl::SleepFor(kPollInterval);
    const auto unused = UnusedFiles(store.db(), old_logs);  // May include new ones, which are not waited for.
    absl::erase_if(awaited, [&unused](const std::string& file) { return !unused.contains(file); });
  }
}

}  // namespace

FileRange WholeFamily(const Store& store, Family family) {
  return {FamilyHandle(FamilyHandle(), store.family(family)), "", ""};
}

absl::Status RewriteFiles(const Store& store, absl::Span<const FileRange> ranges, std::atomic<bool>& canceled,
                          absl::FunctionRef<absl::Status(FillBatch)> write) {
  if (absl::Status waited = AwaitOlderReaders(store, canceled); !waited.ok()) return waited;
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
  options.canceled = &canceled;
  rocksdb::DB* db = store.db();
  rocksdb::Status status;
  for (const FileRange& range : ranges) {
    const rocksdb::Slice first(range.first);
    const rocksdb::Slice last(range.last);
    const bool whole = range.first.empty() && range.last.empty();
    if (status.ok()) {
      status = db->CompactRange(options, range.family.get(), whole ? nullptr : &first, whole ? nullptr : &last);
    }
  }
  if (!status.ok()) return ReadError(status, "rewriting files without what was erased");
  std::vector<std::string> old_logs = FilesEndingIn(db, ".log");
  if (absl::Status flushed = store.Flush(); !flushed.ok()) return flushed;
  if (absl::Status begun = BeginLog(store, write); !begun.ok()) return begun;
  std::unique_ptr<rocksdb::LogFile> log;
  if (db->GetCurrentWalFile(&log).ok()) std::erase(old_logs, absl::StripPrefix(log->PathName(), "/"));
  // Readers that began during the rewriting hold the old files.
  if (absl::Status waited = AwaitOlderReaders(store, canceled); !waited.ok()) return waited;
  AwaitDeletions(store, old_logs, canceled);
  return absl::OkStatus();
}

}  // namespace playhead::storage
