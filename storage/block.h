// A block: a run of events of one instance, in the same bytes in which a response carries them.
//
// The store keeps blocks, the tail shares them and streams send them: the body is `repeated Event events = 1` with
// contiguous cursors of one epoch, so replaying is a copy, not a parse. In the store, a header precedes the body, and
// the body may be compressed; in memory it is always uncompressed. docs/on-disk-format.md has the layout.
#ifndef PLAYHEAD_STORAGE_BLOCK_H_
#define PLAYHEAD_STORAGE_BLOCK_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/cursor.h"
#include "storage/event_filter.h"
#include "storage/type_life.h"
#include "storage/types.h"

namespace playhead::storage {

// A block grows to about this size; a larger event gets a block of its own.
inline constexpr size_t kBlockBytesTarget = size_t{64} << 10;

enum class Codec : uint8_t { kNone = 0, kLz4 = 1 };

// The (type, dialect) pairs that occur in a block. By this, a filter takes or skips a whole block.
class TypeSummary {
 public:
  // Beyond this many, the summary only says "many", and the block is scanned event by event.
  static constexpr size_t kEntriesMax = 16;

  struct Entry {
    std::string type;
    std::string dialect;  // The event's attribute `dialect`; empty if it has none.
  };

  void Add(absl::string_view type, absl::string_view dialect);
  bool many() const { return many_; }
  // Whether a hidden type occurs (storage/event_filter.h); also set if there are many.
  bool hidden() const { return hidden_; }
  const std::vector<Entry>& entries() const { return entries_; }

  enum class Match { kNone, kSome, kAll };
  Match Matches(const EventFilter& filter) const;

  size_t encoded_bytes() const;
  void AppendTo(std::string& out) const;
  static absl::StatusOr<TypeSummary> Decode(absl::string_view bytes);

 private:
  std::vector<Entry> entries_;
  size_t last_ = 0;  // The entry last added or found: runs of one type are common.
  bool many_ = false;
  bool hidden_ = false;
};

struct BlockHeader {
  InstanceNumber instance;
  Cursor first;
  uint32_t event_count = 0;
  Timestamp first_appended_at;
  Timestamp last_appended_at;
  CommitPosition commit;
  uint64_t log_bytes = 0;   // Encoded bytes of all events ever appended to the log, up to and including this block.
  uint32_t body_bytes = 0;  // Of the body, uncompressed.
  std::array<uint8_t, 16> chain_hash{};  // Room for a hash chain over the log; zero while none is kept.
  TypeSummary types;

  Cursor last() const { return first + (event_count - 1); }
};

// Immutable; shared between the tail, readers and transports, in any thread.
class Block {
 public:
  Block(BlockHeader header, std::string body)
      : header_(std::move(header)), built_body_(std::move(body)), body_(built_body_) {}
  // `body` has `body_bytes` bytes: an array, because a string would be zeroed before it is filled.
  Block(BlockHeader header, std::unique_ptr<const char[]> body, size_t body_bytes)
      : header_(std::move(header)), read_body_(std::move(body)), body_(read_body_.get(), body_bytes) {}
  Block(const Block&) = delete;
  Block& operator=(const Block&) = delete;

  // Decodes a stored value. DataLoss (DATA_LOSS) if it is not intact, or not a block of `instance`.
  static absl::StatusOr<std::shared_ptr<const Block>> Decode(InstanceNumber instance, absl::string_view stored);

  // Reads only the header of a stored value, which is enough for heads, counts and time seeks. The checksum covers the
  // body too and is not verified.
  static absl::StatusOr<BlockHeader> DecodeHeader(absl::string_view stored);

  const BlockHeader& header() const { return header_; }
  absl::string_view body() const { return body_; }
  Cursor first() const { return header_.first; }
  Cursor last() const { return header_.last(); }
  // The memory that the block takes, including overhead.
  size_t memory_bytes() const {
    return sizeof(*this) + (read_body_ != nullptr ? body_.size() : built_body_.capacity()) +
           64 * header_.types.entries().size();
  }

 private:
  const BlockHeader header_;
  const std::string built_body_;  // One of these two holds the body.
  const std::unique_ptr<const char[]> read_body_;
  const absl::string_view body_;
};

// A stored value in two parts, to be written one after the other without another copy.
struct EncodedBlock {
  std::string header;
  std::string compressed_body;  // Empty if the body is stored uncompressed.
};

// Encodes `block` for the store. A body that `codec` does not make at least an eighth smaller is stored uncompressed.
EncodedBlock EncodeBlock(const Block& block, Codec codec);

// Collects events into a block. Not thread-safe.
class BlockBuilder {
 public:
  // The first event gets the cursor `first`; `log_bytes` is the log's running total before this block.
  BlockBuilder(InstanceNumber instance, Cursor first, CommitPosition commit, uint64_t log_bytes);

  // Adds one encoded event without its tag, length and broker-set fields; those are added here.
  void Add(absl::string_view event, absl::string_view type, absl::string_view dialect, Timestamp appended_at);

  // Makes room for this many more events of `event_bytes` in all, so that they are copied once.
  void Reserve(size_t events, size_t event_bytes);

  size_t body_bytes() const { return body_.size(); }
  uint32_t event_count() const { return header_.event_count; }

  // REQUIRES: at least one event. Consumes the builder.
  std::shared_ptr<const Block> Finish() &&;

 private:
  BlockHeader header_;
  std::string body_;
};

// A contiguous part of a block's body: whole events, ready to be sent. Holds the block alive.
struct BlockSlice {
  std::shared_ptr<const Block> block;
  absl::string_view bytes;  // Into block->body().
  uint32_t event_count = 0;
};

// How much a read may still take. A read takes at least one event, however large, so it always makes progress.
struct ReadBudget {
  uint32_t events;
  size_t bytes;
  bool took_any = false;

  bool exhausted() const { return events == 0 || (bytes == 0 && took_any); }
};

// Appends to `out` the parts of `block` with cursors in (after, until] that `filter` matches, as far as `budget`
// allows, in cursor order. Events that have outlived their type according to `lives` (if not nullptr) are passed over.
// Returns the last cursor that was processed, whether taken or skipped; `after` if none was.
Cursor SliceBlock(const std::shared_ptr<const Block>& block, Cursor after, Cursor until, const EventFilter& filter,
                  ReadBudget& budget, std::vector<BlockSlice>& out, const TypeLives* lives = nullptr);

// The same in reverse, newest first: one slice per event, cursors in (after, until], from `until` downwards. Returns
// the lowest cursor that was processed, or Cursor() if none was.
Cursor SliceBlockReverse(const std::shared_ptr<const Block>& block, Cursor after, Cursor until,
                         const EventFilter& filter, ReadBudget& budget, std::vector<BlockSlice>& out,
                         const TypeLives* lives = nullptr);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_BLOCK_H_
