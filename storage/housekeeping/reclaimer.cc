#include "storage/housekeeping/reclaimer.h"

#include <algorithm>
#include <iterator>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/block.h"
#include "storage/instances/instance_catalog.h"
#include "storage/key_codec.h"
#include "storage/log.h"
#include "storage/record_codec.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

constexpr Cursor kCursorMax{Cursor::kEpochMax, Cursor::kSequenceMax};

uint64_t StoredBytes(const Store& store, rocksdb::ColumnFamilyHandle* slice) {
  uint64_t files = 0;
  uint64_t memory = 0;
  store.db()->GetIntProperty(slice, rocksdb::DB::Properties::kLiveSstFilesSize, &files);
  store.db()->GetIntProperty(slice, rocksdb::DB::Properties::kCurSizeAllMemTables, &memory);
  return files + memory;
}

// Whether the slice has a block of the instance at or after `from`.
absl::StatusOr<bool> HasBlocks(const Store& store, uint32_t number, InstanceNumber instance, Cursor from) {
  const FamilyHandle slice = store.slice(number);
  if (slice == nullptr) return false;
  const std::string upper = InstanceKeyEnd(instance);
  const rocksdb::Slice upper_slice(upper);
  rocksdb::ReadOptions options;
  options.iterate_upper_bound = &upper_slice;
  options.fill_cache = false;
  options.prefix_same_as_start = true;
  const auto block = store.NewIterator(slice.get(), options);
  block->Seek(BlockKey(instance, from));
  if (!block->status().ok()) return ReadError(block->status(), "reading blocks");
  return block->Valid();
}

// The newest blocks of one instance in a range, newest first.
struct MovingBlocks {
  std::vector<std::pair<std::string, std::string>> blocks;  // Key and value, as stored.
  size_t bytes = 0;
  Cursor first;                // The first cursor of the oldest of them.
  bool reached_begin = false;  // The range has no blocks before them.
};

// The newest blocks of the instance in the slice with keys from `from` through `until`: about `bytes_max`, and at least
// one.
absl::StatusOr<MovingBlocks> ReadNewest(const Store& store, rocksdb::ColumnFamilyHandle* slice, InstanceNumber instance,
                                        Cursor from, Cursor until, size_t bytes_max) {
  const std::string lower = BlockKey(instance, from);
  const rocksdb::Slice lower_slice(lower);
  rocksdb::ReadOptions options;
  options.iterate_lower_bound = &lower_slice;
  options.fill_cache = false;
  options.total_order_seek = true;
  const auto block = store.NewIterator(slice, options);
  MovingBlocks moving;
  for (block->SeekForPrev(BlockKey(instance, until)); block->Valid() && moving.bytes < bytes_max; block->Prev()) {
    const auto header = Block::DecodeHeader(FromSlice(block->value()));
    if (!header.ok()) return header.status();
    moving.first = header->first;
    moving.bytes += block->key().size() + block->value().size();
    moving.blocks.emplace_back(block->key().ToString(), block->value().ToString());
  }
  if (!block->status().ok()) return ReadError(block->status(), "reading blocks");
  moving.reached_begin = !block->Valid();
  return moving;
}

}  // namespace

absl::StatusOr<Reclaimer::Step> Reclaimer::Run(Store& store, Write write) {
  auto step = RunPhase(store, write);
  if (!step.ok()) phase_ = Phase::kBegin;
  return step;
}

absl::StatusOr<Reclaimer::Step> Reclaimer::RunPhase(Store& store, Write write) {
  Step step;
  switch (phase_) {
    case Phase::kBegin:
      newest_ = store.slices().rbegin()->first;
      from_ = InstanceNumber();
      survey_.clear();
      to_move_.clear();
      target_bytes_ = 0;
      commits_ = CommitForgetter();
      phase_ = Phase::kSurvey;
      break;
    case Phase::kSurvey:
      if (absl::Status status = SurveyPage(store, write); !status.ok()) return status;
      break;
    case Phase::kMove: {
      const auto moved = MovePage(store, write);
      if (!moved.ok()) return moved.status();
      step.moved_bytes = *moved;
      break;
    }
    case Phase::kCommits: {
      const auto more = commits_.Run(store, write);
      if (HasReason(more.status(), Reason::kDataLoss)) {
        LogWarning("commits_damaged", "action=keep", more.status());  // Later commits are kept too.
      } else if (!more.ok()) {
        return more.status();
      } else if (*more) {
        break;
      }
      phase_ = Phase::kBegin;
      step.round_ended = true;
      break;
    }
  }
  return step;
}

absl::Status Reclaimer::SurveyPage(Store& store, Write write) {
  const auto page = ReadDirectory(store, from_, kStepEntries);
  if (!page.ok()) return page.status();
  if (page->empty()) return Judge(store);
  from_ = InstanceNumber(page->back().instance.value() + 1);
  std::map<uint32_t, std::vector<std::pair<std::string, std::string>>> live;
  std::vector<std::string> stale;
  for (const InstanceDirectory& directory : *page) {
    if (absl::Status status = SurveyInstance(store, directory, live, stale); !status.ok()) return status;
  }
  for (const auto& [number, keys] : live) {
    const FamilyHandle slice = store.slice(number);
    if (slice == nullptr) continue;
    std::vector<rocksdb::Range> ranges;
    for (const auto& [begin, end] : keys) ranges.emplace_back(begin, end);
    std::vector<uint64_t> bytes(ranges.size());
    rocksdb::SizeApproximationOptions options;
    options.include_memtables = true;
    const rocksdb::Status status = store.db()->GetApproximateSizes(options, slice.get(), ranges.data(),
                                                                   static_cast<int>(ranges.size()), bytes.data());
    if (!status.ok()) return ReadError(status, "estimating what is alive");
    for (const uint64_t size : bytes) survey_[number].live_bytes += size;
  }
  if (stale.empty()) return absl::OkStatus();
  return write([&stale](const Store& open, rocksdb::WriteBatch& batch) {
    for (const std::string& key : stale) batch.Delete(open.family(Family::kDirectory), key).PermitUncheckedError();
  });
}

absl::Status Reclaimer::SurveyInstance(Store& store, const InstanceDirectory& directory,
                                       std::map<uint32_t, std::vector<std::pair<std::string, std::string>>>& live,
                                       std::vector<std::string>& stale) {
  const auto first_kept = FirstKept(store, directory.instance);
  const std::vector<DirectoryEntry>& entries = directory.entries;
  if (HasReason(first_kept.status(), Reason::kDataLoss)) {
    // If the record cannot be read, everything counts as live.
    for (size_t i = 0; i < entries.size(); ++i) {
      ++survey_[entries[i].slice].entries;
      live[entries[i].slice].emplace_back(BlockKey(directory.instance, entries[i].first),
                                          i + 1 < entries.size() ? BlockKey(directory.instance, entries[i + 1].first)
                                                                 : InstanceKeyEnd(directory.instance));
    }
    return absl::OkStatus();
  }
  if (!first_kept.ok()) return first_kept.status();
  for (size_t i = 0; i < entries.size(); ++i) {
    const bool is_last = i + 1 == entries.size();
    Survey& survey = survey_[entries[i].slice];
    if (!first_kept->has_value()) {  // Deleted: the erasure removes its entries.
      ++survey.entries;
      continue;
    }
    bool is_gone = !is_last && entries[i + 1].first <= **first_kept;
    // The committer relies on the entry for the slice that it writes to.
    if (is_last && **first_kept > entries[i].first && entries[i].slice < newest_) {
      const auto has_blocks = HasBlocks(store, entries[i].slice, directory.instance, **first_kept);
      const bool is_damaged = HasReason(has_blocks.status(), Reason::kDataLoss);
      if (!has_blocks.ok() && !is_damaged) return has_blocks.status();
      is_gone = !is_damaged && !*has_blocks;
    }
    if (is_gone) {
      stale.push_back(BlockKey(directory.instance, entries[i].first));
      continue;
    }
    ++survey.entries;
    live[entries[i].slice].emplace_back(
        BlockKey(directory.instance, std::max(entries[i].first, **first_kept)),
        is_last ? InstanceKeyEnd(directory.instance) : BlockKey(directory.instance, entries[i + 1].first));
  }
  return absl::OkStatus();
}

absl::Status Reclaimer::Judge(Store& store) {
  const auto slices = store.slices();
  for (const auto& [number, slice] : slices) {
    const Survey& survey = survey_[number];
    const uint64_t stored = StoredBytes(store, slice.get());
    const bool mostly_dead = survey.live_bytes <= stored - stored / kDeadShare;
    if (number == newest_) {
      wants_slice_ = mostly_dead && stored >= slice_bytes_ / kEarlyShare;
      break;  // Newer slices were created since.
    }
    const bool is_small = slices.size() > kSlicesWanted && stored < slice_bytes_ / kSmallShare;
    if (survey.entries == 0) {
      moved_bytes_ = 0;
      if (absl::Status status = Drop(store, number); !status.ok()) return status;
    } else if (mostly_dead || is_small) {
      to_move_.push_back(number);
    }
  }
  phase_ = Phase::kMove;
  NextSlice();
  return absl::OkStatus();
}

// REQUIRES: the next slice to move is the last of `to_move_`.
void Reclaimer::NextSlice() {
  from_ = InstanceNumber();
  undroppable_ = false;
  moved_bytes_ = 0;
  if (target_bytes_ >= slice_bytes_ && !to_move_.empty()) {
    to_move_.pop_back();  // It is the target for blocks of older slices.
    target_bytes_ = 0;
  }
  if (to_move_.empty()) phase_ = Phase::kCommits;
}

absl::StatusOr<size_t> Reclaimer::MovePage(Store& store, Write write) {
  const uint32_t slice = to_move_.back();
  const auto page = ReadDirectory(store, from_, kStepEntries);
  if (!page.ok()) return page.status();
  if (page->empty()) {
    if (!undroppable_) {
      if (absl::Status status = Drop(store, slice); !status.ok()) return status;
    }
    to_move_.pop_back();
    NextSlice();
    return 0;
  }
  size_t moved = 0;
  for (const InstanceDirectory& directory : *page) {
    from_ = directory.instance;
    bool left = false;
    const auto some = MoveSome(store, directory, write, left);
    if (HasReason(some.status(), Reason::kDataLoss)) {
      LogWarning("slice_not_reclaimed", absl::StrCat("slice=", slice), some.status());
      to_move_.pop_back();
      NextSlice();
      return moved;
    }
    if (!some.ok()) return some.status();
    moved += *some;
    if (left) return moved;  // The directory has changed: read it again in the next step.
    from_ = InstanceNumber(directory.instance.value() + 1);
    if (moved >= kStepBytes) break;
  }
  return moved;
}

absl::StatusOr<size_t> Reclaimer::MoveSome(Store& store, const InstanceDirectory& directory, Write write, bool& left) {
  left = false;
  const uint32_t from_slice = to_move_.back();
  const std::vector<DirectoryEntry>& entries = directory.entries;
  const auto entry = std::find_if(entries.rbegin(), entries.rend(),
                                  [from_slice](const DirectoryEntry& at) { return at.slice == from_slice; });
  if (entry == entries.rend()) return 0;
  const auto first_kept = FirstKept(store, directory.instance);
  if (!first_kept.ok()) return first_kept.status();
  if (!first_kept->has_value()) {
    undroppable_ = true;
    return 0;
  }
  const auto slices = store.slices();
  const auto source = slices.find(from_slice);
  if (source == slices.end()) return MakeError(Reason::kStoreUnavailable, "the slice that was being moved is gone");
  const uint32_t to_slice = std::next(source)->first;
  const DirectoryEntry* const next = entry == entries.rbegin() ? nullptr : &*std::prev(entry);
  const Cursor until = next == nullptr ? kCursorMax : Cursor(next->first.value() - 1);
  const Cursor from = std::max(entry->first, **first_kept);
  MovingBlocks moving;
  if (from <= until) {
    auto read = ReadNewest(store, source->second.get(), directory.instance, from, until, kStepBytes);
    if (!read.ok()) return read.status();
    moving = *std::move(read);
  } else {
    moving.reached_begin = true;
  }
  const absl::Status written = write([&](const Store& open, rocksdb::WriteBatch& batch) {
    const FamilyHandle source_family = open.slice(from_slice);
    const FamilyHandle target_family = open.slice(to_slice);
    if (source_family == nullptr || target_family == nullptr) return;
    rocksdb::ColumnFamilyHandle* const rows = open.family(Family::kDirectory);
    for (const auto& [key, value] : moving.blocks) {
      batch.Put(target_family.get(), key, value).PermitUncheckedError();
      batch.Delete(source_family.get(), key).PermitUncheckedError();
    }
    if (moving.reached_begin) {
      batch.Delete(rows, BlockKey(directory.instance, entry->first)).PermitUncheckedError();
    }
    if (moving.blocks.empty()) return;
    if (next != nullptr && next->slice == to_slice) {
      batch.Delete(rows, BlockKey(directory.instance, next->first)).PermitUncheckedError();
    }
    std::string slice_number;
    RecordWriter(slice_number).Put(to_slice);
    batch.Put(rows, BlockKey(directory.instance, moving.first), slice_number).PermitUncheckedError();
  });
  if (!written.ok()) return written;
  moved_bytes_ += moving.bytes;
  target_bytes_ += moving.bytes;
  // More blocks of this entry are left, or another entry that names the slice.
  left = !moving.reached_begin || std::any_of(std::next(entry), entries.rend(), [from_slice](const DirectoryEntry& at) {
    return at.slice == from_slice;
  });
  return moving.bytes;
}

absl::Status Reclaimer::Drop(Store& store, uint32_t slice) {
  const FamilyHandle family = store.slice(slice);
  if (family == nullptr) return absl::OkStatus();
  const uint64_t stored = StoredBytes(store, family.get());
  if (absl::Status status = store.DropSlice(slice); !status.ok()) return status;
  const uint64_t reclaimed = stored - std::min(stored, moved_bytes_);
  LogInfo("slice_dropped",
          absl::StrCat("slice=", slice, " reclaimed_bytes=", reclaimed, " moved_bytes=", moved_bytes_));
  stats_->NoteReclaim(reclaimed, moved_bytes_);
  return absl::OkStatus();
}

}  // namespace playhead::storage
