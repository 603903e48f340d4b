#include "storage/verify/log_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/erasures.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/meta.h"
#include "storage/verify/block_check.h"
#include "storage/verify/index_check.h"
#include "storage/verify/read_refusal.h"

namespace playhead::storage {
namespace {

// About how much one step reads.
constexpr uint64_t kStepBytes = uint64_t{4} << 20;
constexpr size_t kRangeBytes = 3 * sizeof(uint64_t);

// Whether erased events may have been replaced by stubs: the block's size then differs from what its log counts.
bool HasErased(const TypeSummary& types) {
  return types.many() || std::any_of(types.entries().begin(), types.entries().end(),
                                     [](const TypeSummary::Entry& entry) { return entry.type == kErasedEventType; });
}

// The epoch of a sequence if that epoch has ended; nullopt for the log's newest epoch, which only its blocks tell.
std::optional<uint32_t> EndedEpoch(const EpochHistory& epochs, uint64_t sequence) {
  for (const EpochHistory::End& end : epochs.ends()) {
    if (sequence <= end.last_sequence) return end.epoch;
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<LogCheck::Step> LogCheck::Next(const StoreView& view) {
  Step step;
  const auto record = ReadRecord(view);
  if (!record.ok() && !HasReason(record.status(), Reason::kDataLoss)) return record.status();
  // The catalogue's check covers damaged records. If the name belongs to a new instance by now, this check ends.
  if (!record.ok() || !record->has_value() || (number_ != InstanceNumber() && (*record)->number != number_)) {
    step.done = true;
    return step;
  }
  number_ = (*record)->number;
  auto directory = ReadDirectory(view, step);
  if (!directory.ok()) return directory.status();
  // Skips what was trimmed meanwhile. The block that straddles the first kept event is checked as a whole.
  const LogBounds& bounds = (*record)->bounds;
  const uint64_t first = std::max<uint64_t>(bounds.first.sequence(), 1);
  if (next_sequence_ < first) {
    next_sequence_ = first;
    previous_.intact = false;
  }
  if (absl::Status status = Walk(view, **record, *directory, step); !status.ok()) return status;
  if (step.done) CheckEnd(**record, *directory, step);
  return step;
}

absl::StatusOr<std::optional<InstanceState>> LogCheck::ReadRecord(const StoreView& view) const {
  const auto record = view.Get(Family::kInstances, InstanceNameKey(name_));
  if (!record.ok()) return record.status();
  if (!record->has_value()) return std::nullopt;
  auto state = DecodeInstanceRecord(**record);
  if (!state.ok()) return state.status();
  return *std::move(state);
}

absl::StatusOr<LogCheck::Directory> LogCheck::ReadDirectory(const StoreView& view, Step& step) const {
  Directory directory;
  const auto entry = view.NewIterator(view.store().family(Family::kDirectory));
  const std::string end = InstanceKeyEnd(number_);
  for (entry->Seek(InstanceKey(number_)); entry->Valid() && entry->key().compare(end) < 0; entry->Next()) {
    if (entry->key().size() != kBlockKeyBytes || entry->value().size() != sizeof(uint32_t)) {
      Find(step, FindingKind::kDirectory, Cursor(), Cursor(), "an entry of the directory is malformed");
      continue;
    }
    directory[BlockKeyCursor(FromSlice(entry->key())).value()] =
        RecordReader(FromSlice(entry->value())).Get<uint32_t>();
  }
  if (entry->status().ok()) return directory;
  if (absl::Status refused = ReadRefusal(entry->status(), "reading the directory"); !refused.ok()) return refused;
  Find(step, FindingKind::kDirectory, Cursor(), Cursor(),
       absl::StrCat("the directory cannot be read: ", entry->status().ToString()));
  return directory;
}

absl::Status LogCheck::Walk(const StoreView& view, const InstanceState& record, const Directory& directory,
                            Step& step) {
  const auto next = [&] { return std::max(last_cursor_ + 1, record.bounds.first); };
  const Cursor from = next();
  auto entry = directory.upper_bound(from.value());
  if (entry != directory.begin()) --entry;
  for (; entry != directory.end(); ++entry) {
    const uint32_t number = entry->second;
    const FamilyHandle slice = view.store().slice(number);
    if (slice == nullptr) {
      Find(step, FindingKind::kDirectory, Cursor(entry->first), Cursor(),
           absl::StrCat("slice ", number, " is missing"));
      previous_.intact = false;
      continue;
    }
    const auto block = view.NewIterator(slice.get());
    const std::string end = InstanceKeyEnd(number_);
    for (block->Seek(BlockKey(number_, next())); block->Valid() && block->key().compare(end) < 0; block->Next()) {
      const Cursor key = BlockKeyCursor(FromSlice(block->key()));
      if (absl::Status status = CheckBlock(view, record, directory, number, key, FromSlice(block->value()), step);
          !status.ok()) {
        return status;
      }
      last_cursor_ = key;
      if (step.bytes >= kStepBytes) return absl::OkStatus();
    }
    if (absl::Status refused = ReadRefusal(block->status(), "reading blocks"); !refused.ok()) return refused;
    if (!block->status().ok()) {
      Find(step, FindingKind::kBlock, next(), Cursor(),
           absl::StrCat("blocks in slice ", number, " cannot be read: ", block->status().ToString()));
      // Where readable blocks continue is not known: the next slice shows how much is missing.
      previous_.intact = false;
    }
  }
  step.done = true;
  return absl::OkStatus();
}

absl::Status LogCheck::CheckBlock(const StoreView& view, const InstanceState& record, const Directory& directory,
                                  uint32_t slice, Cursor key, absl::string_view stored, Step& step) {
  step.bytes += stored.size();
  ++step.blocks;
  const auto decoded = Block::Decode(number_, stored);
  absl::Status status = decoded.status();
  if (status.ok() && (*decoded)->last() != key) {
    status = MakeError(Reason::kDataLoss, absl::StrCat("its key says that it ends with ", key.value()));
  }
  if (status.ok()) status = CheckBlockContent(**decoded);
  if (!status.ok()) {
    Find(step, FindingKind::kBlock, Cursor(key.epoch(), next_sequence_), key, std::string(status.message()));
    next_sequence_ = key.sequence() + 1;
    previous_.intact = false;
    return absl::OkStatus();
  }
  const Block& block = **decoded;
  const BlockHeader& header = block.header();
  step.events += header.event_count;
  const uint64_t first = header.first.sequence();
  const bool at_start = !previous_.intact && first <= next_sequence_;
  if (first > next_sequence_) {
    Find(step, FindingKind::kHole, Cursor(header.first.epoch(), next_sequence_),
         Cursor(header.first.epoch(), first - 1),
         absl::StrCat(first - next_sequence_, " events are missing before ", header.first.value()));
  } else if (first < next_sequence_ && !at_start) {
    Find(step, FindingKind::kOrder, header.first, key, "it holds cursors that the block before has already");
  }
  const auto ended = EndedEpoch(record.bounds.epochs, first);
  if (ended
          ? *ended != header.first.epoch() || EndedEpoch(record.bounds.epochs, key.sequence()) != ended
          : !record.bounds.epochs.ends().empty() && header.first.epoch() <= record.bounds.epochs.ends().back().epoch) {
    Find(step, FindingKind::kOrder, header.first, key, "its epoch is not the one that the catalogue has for it");
  }
  // Readers look for a block that straddles the first kept event only from that event on.
  auto entry = directory.upper_bound(std::max(header.first, record.bounds.first).value());
  if (entry == directory.begin() || std::prev(entry)->second != slice) {
    Find(step, FindingKind::kDirectory, header.first, key,
         absl::StrCat("it lies in slice ", slice, ", where the directory does not look for it"));
  }
  if (previous_.intact && first == next_sequence_) {
    const BlockHeader& before = previous_.header;
    if (header.first_appended_at < before.last_appended_at) {
      Find(step, FindingKind::kOrder, header.first, key, "it is older than the block before");
    }
    if (header.commit < before.commit) {
      Find(step, FindingKind::kOrder, header.first, key, "its commit is before that of the block before");
    }
    const bool counts = header.log_bytes == before.log_bytes + block.body().size();
    if (!counts && (!HasErased(header.types) || header.log_bytes <= before.log_bytes)) {
      Find(step, FindingKind::kOrder, header.first, key,
           "its count of the log's bytes does not go on from the block before");
    }
  }
  if (!previous_.intact || header.commit != previous_.header.commit) {
    if (absl::Status read = CheckCommit(view, header, step); !read.ok()) return read;
  }
  next_sequence_ = key.sequence() + 1;
  previous_ = {header, /*intact=*/true};
  return absl::OkStatus();
}

absl::Status LogCheck::CheckCommit(const StoreView& view, const BlockHeader& header, Step& step) const {
  const auto ranges = view.Get(Family::kCommits, CommitKey(header.commit));
  if (HasReason(ranges.status(), Reason::kDataLoss)) {
    Find(step, FindingKind::kCommit, header.first, header.last(), std::string(ranges.status().message()));
    return absl::OkStatus();
  }
  if (!ranges.ok()) return ranges.status();
  if (ranges->has_value()) {
    for (absl::string_view rest = **ranges; rest.size() >= kRangeBytes; rest.remove_prefix(kRangeBytes)) {
      RecordReader reader(rest);
      if (reader.Get<uint64_t>() != number_.value()) continue;
      const Cursor first(reader.Get<uint64_t>());
      const Cursor last(reader.Get<uint64_t>());
      if (first <= header.first && header.last() <= last) return absl::OkStatus();
    }
  } else {
    // Rows of the oldest commits are removed with their events.
    const auto kept = CommitsFirst(view);
    if (!kept.ok()) return kept.status();
    if (header.commit < *kept) return absl::OkStatus();
  }
  Find(step, FindingKind::kCommit, header.first, header.last(),
       absl::StrCat("the record of commit ", header.commit.value(), " does not name it"));
  return absl::OkStatus();
}

void LogCheck::CheckEnd(const InstanceState& record, const Directory& directory, Step& step) const {
  const uint64_t head = record.bounds.head.sequence();
  if (next_sequence_ <= head) {
    Find(step, FindingKind::kHead, Cursor(record.bounds.head.epoch(), next_sequence_), record.bounds.head,
         absl::StrCat("the log ends before its head, ", record.bounds.head.value()));
  } else if (!directory.empty() && Cursor(directory.rbegin()->first).sequence() >= next_sequence_) {
    const Cursor first(directory.rbegin()->first);
    Find(step, FindingKind::kHead, first, Cursor(),
         absl::StrCat("the log ends before ", first.value(), ", from where on the directory has a slice for it"));
  }
}

void LogCheck::Find(Step& step, FindingKind kind, Cursor first, Cursor last, std::string what) const {
  step.findings.push_back({.kind = kind, .instance = name_, .first = first, .last = last, .what = std::move(what)});
}

}  // namespace playhead::storage
