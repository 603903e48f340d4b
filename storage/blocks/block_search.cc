#include "storage/blocks/block_search.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "storage/blocks/block_store.h"

namespace playhead::storage {
namespace {

// The bytes of the events after the first `count` events of the block.
uint64_t BytesBehind(const Block& block, uint64_t count) {
  absl::string_view rest = block.body();
  for (uint64_t i = 0; i < count && ConsumeEvent(rest); ++i) {
  }
  return rest.size();
}

// The log's bytes after a block. Events appended after the bounds were taken are not counted.
uint64_t LogBytesBehind(const LogBounds& bounds, const BlockHeader& header) {
  return bounds.appended_bytes - std::min(bounds.appended_bytes, header.log_bytes);
}

}  // namespace

absl::Status DeletedInstance(const Instance& instance) {
  return MakeError(Reason::kInstanceDeleted, absl::StrCat("instance ", instance.name(), " was deleted"));
}

absl::Status LogHole(const Instance& instance, uint64_t expected_sequence, absl::string_view found) {
  return MakeError(Reason::kDataLoss, absl::StrCat("the log of ", instance.name(), " has a hole: sequence ",
                                                   expected_sequence, " should follow, but ", found));
}

absl::Status LogUnreadable(const Instance& instance, absl::string_view place, const absl::Status& error) {
  v1::Error named = ToProto(error);
  named.set_message(absl::StrCat("the log of ", instance.name(), " cannot be read ", place, ": ", named.message()));
  return FromProto(named);
}

absl::StatusOr<Cursor> SearchBlocks(const std::shared_ptr<const Store>& store, const Instance& instance,
                                    absl::FunctionRef<BlockPlace(const BlockHeader&)> place,
                                    absl::FunctionRef<uint32_t(const Block&)> within) {
  if (instance.deleted()) return DeletedInstance(instance);
  const LogBounds bounds = instance.bounds();
  if (bounds.event_count() == 0) return bounds.head;
  BlockIterator block(store, instance.number());
  // Events up to `low` are before the place sought, those after `high` are not.
  uint64_t low = bounds.BeforeFirst().sequence();
  uint64_t high = bounds.head.sequence();
  while (low < high) {
    const uint64_t middle = low + (high - low + 1) / 2;
    block.Seek(bounds.epochs.AtSequence(middle, bounds.head));
    if (!block.status().ok()) return block.status();
    if (!block.Valid()) {
      // Trimmed or deleted since the bounds were taken.
      if (instance.deleted()) return DeletedInstance(instance);
      if (instance.bounds().event_count() == 0) return bounds.head;
      return LogHole(instance, middle, "nothing follows");
    }
    const auto header = Block::DecodeHeader(block.value());
    if (!header.ok()) return header.status();
    const uint64_t before_block = header->first.sequence() - 1;
    if (before_block >= middle) {
      if (instance.bounds().first.sequence() <= middle) {
        return LogHole(instance, middle, absl::StrCat("the next block starts at ", header->first.sequence()));
      }
      low = std::min(before_block, high);  // Trimmed meanwhile, so it counts as before the place.
      continue;
    }
    switch (place(*header)) {
      case BlockPlace::kBefore:
        low = std::min(header->last().sequence(), high);
        break;
      case BlockPlace::kBehind:
        high = std::max(before_block, low);
        break;
      case BlockPlace::kAround: {
        const auto decoded = Block::Decode(instance.number(), block.value());
        if (!decoded.ok()) return decoded.status();
        const uint32_t count = within(**decoded);
        if (count == 0) {
          high = std::max(before_block, low);
        } else if (count >= header->event_count) {
          low = std::min(header->last().sequence(), high);
        } else {
          low = high = std::clamp(before_block + count, low, high);
        }
        break;
      }
    }
  }
  return bounds.epochs.AtSequence(low, bounds.head);
}

absl::StatusOr<Cursor> FindTimeInLog(const std::shared_ptr<const Store>& store, const Instance& instance,
                                     Timestamp time) {
  if (const LogBounds bounds = instance.bounds(); bounds.last_appended_at < time && !instance.deleted()) {
    return bounds.head;
  }
  return SearchBlocks(
      store, instance,
      [time](const BlockHeader& header) {
        if (header.last_appended_at < time) return BlockPlace::kBefore;
        return header.first_appended_at >= time ? BlockPlace::kBehind : BlockPlace::kAround;
      },
      [time](const Block& block) {
        absl::string_view rest = block.body();
        uint32_t count = 0;
        EventView event;
        while (const auto bytes = ConsumeEvent(rest)) {
          if (!event.Parse(*bytes) || Timestamp(event.appended_at) >= time) break;
          ++count;
        }
        return count;
      });
}

absl::StatusOr<Cursor> FindCommitInLog(const std::shared_ptr<const Store>& store, const Instance& instance,
                                       CommitPosition commit) {
  return SearchBlocks(
      store, instance,
      [commit](const BlockHeader& header) {
        return header.commit <= commit ? BlockPlace::kBefore : BlockPlace::kBehind;
      },
      [](const Block& block) { return block.header().event_count; });  // Never called: a block belongs to one commit.
}

absl::StatusOr<Cursor> FindBytesInLog(const std::shared_ptr<const Store>& store, const Instance& instance,
                                      uint64_t kept_bytes_max) {
  const LogBounds bounds = instance.bounds();
  const auto last_dropped = SearchBlocks(
      store, instance,
      [&](const BlockHeader& header) {
        const uint64_t behind = LogBytesBehind(bounds, header);
        if (behind >= kept_bytes_max) return BlockPlace::kBefore;
        return header.body_bytes <= kept_bytes_max - behind ? BlockPlace::kBehind : BlockPlace::kAround;
      },
      [&](const Block& block) {
        const uint64_t room = kept_bytes_max - LogBytesBehind(bounds, block.header());
        absl::string_view rest = block.body();
        uint32_t count = 0;
        while (rest.size() > room && ConsumeEvent(rest)) ++count;
        return count;
      });
  if (!last_dropped.ok()) return last_dropped;
  const uint64_t first_kept = last_dropped->sequence() + 1;
  return first_kept > bounds.head.sequence() ? bounds.head + 1 : bounds.epochs.AtSequence(first_kept, bounds.head);
}

absl::StatusOr<uint64_t> BytesBehindInLog(const std::shared_ptr<const Store>& store, const Instance& instance,
                                          Cursor after) {
  if (instance.deleted()) return DeletedInstance(instance);
  const LogBounds bounds = instance.bounds();
  const uint64_t first = std::max(after.sequence() + 1, bounds.first.sequence());
  if (first > bounds.head.sequence()) return 0;
  BlockIterator iterator(store, instance.number());
  iterator.Seek(bounds.epochs.AtSequence(first, bounds.head));
  if (!iterator.status().ok()) return iterator.status();
  if (!iterator.Valid()) {
    if (instance.deleted()) return DeletedInstance(instance);
    if (instance.bounds().event_count() == 0) return 0;
    return LogHole(instance, first, "nothing follows");
  }
  const auto block = Block::Decode(instance.number(), iterator.value());
  if (!block.ok()) return block.status();
  const uint64_t not_counted = first - std::min(first, (*block)->first().sequence());
  return LogBytesBehind(bounds, (*block)->header()) + BytesBehind(**block, not_counted);
}

}  // namespace playhead::storage
