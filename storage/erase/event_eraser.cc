#include "storage/erase/event_eraser.h"

#include <algorithm>
#include <map>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/match.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/erase/file_rewriter.h"
#include "storage/instances/instance_catalog.h"
#include "storage/key_codec.h"
#include "storage/store/erasure_masks.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

// Bytes scanned by one step. Between steps the iterator is released and cancellation is checked.
constexpr size_t kScanBytesMax = size_t{4} << 20;
// About how much one commit replaces: recovery relies on a bound for one write (storage/store/wal_inspector.cc).
constexpr size_t kReplacedBytesMax = size_t{1} << 20;
// How often progress is saved where nothing is erased; a crash repeats at most this much scanning.
constexpr absl::Duration kSaveInterval = absl::Seconds(1);
constexpr size_t kInstancesPerPage = 256;

constexpr Cursor kEnd{Cursor::kEpochMax, Cursor::kSequenceMax};

// Whether the slice's files may still hold blocks that were moved out of it. Deleting an instance also deletes keys one
// by one (docs/decisions/0005) and looks the same here, which costs only time.
bool WasMovedFrom(const Store& store, rocksdb::ColumnFamilyHandle* slice) {
  for (const std::string& property :
       {rocksdb::DB::Properties::kNumDeletesActiveMemTable, rocksdb::DB::Properties::kNumDeletesImmMemTables}) {
    uint64_t deletions = 0;
    store.db()->GetIntProperty(slice, property, &deletions);
    if (deletions > 0) return true;
  }
  rocksdb::TablePropertiesCollection tables;
  // Properties that cannot be read might show deletions.
  if (!store.db()->GetPropertiesOfAllTables(slice, &tables).ok()) return true;
  return absl::c_any_of(tables, [](const auto& table) { return table.second->num_deletions > 0; });
}

absl::Status Stopped() { return MakeError(Reason::kShuttingDown, "the erasure goes on later"); }

// The next cursor to look at; kEnd if there is none.
Cursor NextWanted(const ErasureTarget& target, Cursor after) {
  if (after == kEnd) return kEnd;
  if (target.cursors.empty()) return after + 1;
  const auto next = std::upper_bound(target.cursors.begin(), target.cursors.end(), after);
  return next == target.cursors.end() ? kEnd : *next;
}

}  // namespace

absl::Status EventEraser::Run() {
  for (;;) {
    absl::Status damage;
    uint64_t begun_id = 0;
    while (std::optional<ErasureJob> job = store_->erasures().BeginNext(begun_id)) {
      begun_id = job->id;
      absl::Status status = Erase(*job);
      // An erasure that meets damage stays where it is, and does not hold up the others.
      if (!status.ok() && !HasReason(status, Reason::kDataLoss)) return status;
      damage.Update(std::move(status));
    }
    std::vector<ErasureJob> purging = store_->erasures().Purging();
    if (purging.empty()) {
      absl::Status status = ForgetExpired();
      status.Update(std::move(damage));
      return status;
    }
    if (absl::Status status = Purge(std::move(purging)); !status.ok()) return status;
  }
}

absl::Status EventEraser::Erase(ErasureJob& job) {
  moved_from_.clear();
  for (const auto& [number, slice] : store_->slices()) {
    if (WasMovedFrom(*store_, slice.get())) moved_from_.push_back(number);
  }
  while (job.pattern < job.target.instances.size()) {
    if (absl::Status status = ErasePattern(job, job.target.instances[job.pattern]); !status.ok()) return status;
    ++job.pattern;
    job.instance.clear();
    job.after = Cursor();
  }
  if (job.dry_run) {
    job.End(ErasureState::kDone, Timestamp::Now());
  } else {
    job.state = ErasureState::kPurging;
  }
  return PutRow(job);
}

absl::Status EventEraser::ErasePattern(ErasureJob& job, const std::string& pattern) {
  absl::string_view prefix = pattern;
  if (!absl::ConsumeSuffix(&prefix, "*")) return EraseInstance(job, pattern);
  // First the instance at which it was interrupted, then the later ones.
  if (!job.instance.empty()) {
    if (absl::Status status = EraseInstance(job, std::string(job.instance)); !status.ok()) return status;
  }
  for (;;) {
    const auto page = ListInstanceInfos(store_, prefix, job.instance, kInstancesPerPage);
    if (!page.ok()) return page.status();
    if (page->empty()) return absl::OkStatus();
    for (const InstanceInfo& info : *page) {
      job.instance = info.name;
      job.after = Cursor();
      if (!InstanceMatches(pattern, info.name)) continue;
      if (absl::Status status = EraseInstance(job, info.name); !status.ok()) return status;
    }
  }
}

absl::Status EventEraser::EraseInstance(ErasureJob& job, const std::string& name) {
  if (job.after == kEnd) return absl::OkStatus();  // It was done before the erasure was interrupted.
  job.instance = name;
  const auto instance = FindInstance(instances_, store_, name);
  if (!instance.ok()) return instance.status();
  if ((*instance)->exists()) {
    const LogBounds bounds = (*instance)->bounds();
    if (bounds.first.sequence() > 1 && !job.dry_run) {
      // A block may have been moved out of these slices, and have disappeared since with its new slice.
      for (const uint32_t slice : moved_from_) {
        job.NoteRewritten(slice, InstanceKey((*instance)->number()));
        job.NoteRewritten(slice, InstanceKeyEnd((*instance)->number()));
      }
    }
    for (bool ended = false; !ended;) {
      if (canceled_) return Stopped();
      if (absl::Status status = EraseSome(job, *instance, ended); !status.ok()) return status;
    }
    ++job.progress.instances;
  }
  job.after = kEnd;
  return absl::OkStatus();
}

absl::Status EventEraser::EraseSome(ErasureJob& job, const std::shared_ptr<LogInstance>& instance, bool& ended) {
  Pending pending;
  absl::Status failure;
  const Cursor first = instance->bounds().first;
  {
    StoredBlocks at(*store_, instance->number(), /*trimmed=*/first.sequence() > 1);
    for (size_t scanned = 0; scanned < kScanBytesMax && pending.bytes < kReplacedBytesMax;) {
      const Cursor next = NextWanted(job.target, job.after);
      if (next == kEnd) {
        ended = true;
        break;
      }
      if (scanned == 0 || !job.target.cursors.empty()) {
        at.Seek(next);
      } else {
        at.Next();
      }
      failure = at.status();
      if (!failure.ok()) break;
      if (!at.Valid()) {
        ended = true;
        break;
      }
      scanned += at.value().size();
      const auto header = Block::DecodeHeader(at.value());
      if (header.ok() && header->commit > job.until) {  // All later blocks are too.
        ended = true;
        break;
      }
      EraseBlock(job, at, first, pending);
      job.after = std::max(job.after, at.last());
    }
  }
  absl::Status saved = Save(job, instance, std::move(pending));
  saved.Update(std::move(failure));
  return saved;
}

void EventEraser::EraseBlock(ErasureJob& job, const StoredBlocks& at, Cursor first, Pending& pending) {
  const bool kept = at.last() >= first;
  if (!kept && job.dry_run) return;
  const auto block = Block::Decode(at.instance(), at.value());
  if (!block.ok()) {
    ++job.progress.damaged_blocks;
    return;
  }
  if (kept) {
    job.progress.scanned_events += (*block)->header().event_count;
    job.progress.scanned_bytes += (*block)->body().size();
  }
  const auto erase_from = [&](Cursor from) {
    return StubEvents(*block, [&](Cursor cursor, const EventView& event) {
      return cursor >= from && job.target.MatchesEvent(cursor, event);
    });
  };
  const StubbedBlock stubbed = erase_from(Cursor());
  if (stubbed.erased_events == 0) return;
  StubbedBlock counted = stubbed;
  if ((*block)->first() < first) counted = kept ? erase_from(first) : StubbedBlock();
  job.progress.erased_events += counted.erased_events;
  job.progress.erased_bytes += counted.erased_bytes;
  if (job.dry_run) return;
  NoteRewritten(job, at.slice_number(), BlockKey(at.instance(), at.last()));
  pending.bytes += stubbed.block->body().size();
  pending.erased_events += counted.erased_events;
  pending.blocks.push_back({at.slice_number(), stubbed.block});
}

void EventEraser::NoteRewritten(ErasureJob& job, uint32_t slice, const std::string& key) const {
  job.NoteRewritten(slice, key);
  // Blocks move only to newer slices.
  for (const uint32_t from : moved_from_) {
    if (from < slice) job.NoteRewritten(from, key);
  }
}

absl::Status EventEraser::Save(ErasureJob& job, const std::shared_ptr<LogInstance>& instance, Pending pending) {
  const absl::Time now = absl::Now();
  if (!job.dry_run && (!pending.blocks.empty() || now - last_saved_ >= kSaveInterval)) {
    last_saved_ = now;
    const absl::Status status = run_command_([&](CommitBuilder& builder, StatusCallback done) {
      builder.ReplaceBlocks(
          instance, pending.blocks,
          [&job](const Store& store, rocksdb::WriteBatch& batch) {
            batch.Put(store.family(Family::kMeta), ErasureJobKey(job.id), Encode(job)).PermitUncheckedError();
          },
          std::move(done));
    });
    if (!status.ok()) return status;
    stats_.NoteErasedEvents(pending.erased_events);
  }
  store_->erasures().Put(job);
  return absl::OkStatus();
}

absl::Status EventEraser::Purge(std::vector<ErasureJob> jobs) {
  // The erasure also covers instances that were deleted before their turn came.
  if (absl::Status status = erase_deleted_(); !status.ok()) return status;
  std::map<uint32_t, ErasureJob::KeyRange> rewritten;
  for (const ErasureJob& job : jobs) {
    for (const auto& [slice, range] : job.rewritten) {
      ErasureJob::KeyRange& all = rewritten[slice];
      all.first = all.first.empty() ? range.first : std::min(all.first, range.first);
      all.last = std::max(all.last, range.last);
    }
  }
  std::vector<FileRange> files;
  for (const auto& [number, range] : rewritten) {
    // A dropped slice has no bytes left.
    if (FamilyHandle slice = store_->slice(number); slice != nullptr) {
      files.push_back({std::move(slice), range.first, range.last});
    }
  }
  if (!rewritten.empty()) {
    const auto write = [this](FillBatch fill) {
      return run_command_(
          [&fill](CommitBuilder& builder, StatusCallback done) { builder.Write(std::move(fill), std::move(done)); });
    };
    if (absl::Status status = RewriteFiles(*store_, files, canceled_, write); !status.ok()) return status;
  }
  for (ErasureJob& job : jobs) {
    job.End(ErasureState::kDone, Timestamp::Now());
    if (absl::Status status = PutRow(job); !status.ok()) return status;
    stats_.NoteErasuresDone(1);
  }
  return absl::OkStatus();
}

absl::Status EventEraser::ForgetExpired() {
  const std::vector<uint64_t> expired = store_->erasures().Expired(Timestamp::Now());
  if (expired.empty()) return absl::OkStatus();
  const absl::Status status = run_command_([&](CommitBuilder& builder, StatusCallback done) {
    builder.Write(
        [&](const Store& store, rocksdb::WriteBatch& batch) {
          for (const uint64_t id : expired) {
            batch.Delete(store.family(Family::kMeta), ErasureJobKey(id)).PermitUncheckedError();
          }
        },
        std::move(done));
  });
  if (!status.ok()) return status;
  for (const uint64_t id : expired) store_->erasures().Remove(id);
  return absl::OkStatus();
}

absl::Status EventEraser::PutRow(const ErasureJob& job) {
  const absl::Status status = run_command_([&](CommitBuilder& builder, StatusCallback done) {
    builder.Write(
        [&job](const Store& store, rocksdb::WriteBatch& batch) {
          batch.Put(store.family(Family::kMeta), ErasureJobKey(job.id), Encode(job)).PermitUncheckedError();
        },
        std::move(done));
  });
  if (status.ok()) store_->erasures().Put(job);
  return status;
}

}  // namespace playhead::storage
