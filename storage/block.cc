#include "storage/block.h"

#include <lz4.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#define XXH_STATIC_LINKING_ONLY  // For a hash state on the stack.
#include <xxhash.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "storage/limits.h"
#include "storage/record_codec.h"

namespace playhead::storage {
namespace {

constexpr uint8_t kFormat = 1;

// The header's fixed part, in order: format (1), codec (1), header bytes (2), event count (4), checksum (8), instance
// (8), first cursor (8), first and last appended_at (8 each), commit (8), log bytes (8), body bytes (4), dictionary (4;
// 0 while none are used), chain hash (16). The type summary follows.
constexpr size_t kChecksumOffset = 8;
constexpr size_t kAfterChecksum = kChecksumOffset + 8;
constexpr size_t kFixedBytes = 88;
// A type summary begins with the number of its entries, or with one of these.
constexpr uint8_t kMany = 255;
constexpr uint8_t kManyAndHidden = 254;
// The largest body: one event of the largest size with its tag, length and trailer.
constexpr size_t kBodyBytesMax = std::max(kEventBytesCeiling, kBlockBytesTarget) + 64;
// The smallest event in a body: a tag, a length, and what the broker adds.
constexpr size_t kStoredEventBytesMin = 2 + kEventTrailerBytes;

// The checksum covers everything but itself: the bytes before it are the seed.
uint64_t Checksum(absl::string_view header, absl::string_view stored_body) {
  uint64_t seed;
  std::memcpy(&seed, header.data(), sizeof(seed));
  XXH3_state_t state;
  XXH3_INITSTATE(&state);  // Otherwise remains of an earlier call on the stack could pass for a state of this seed.
  XXH3_64bits_reset_withSeed(&state, seed);
  XXH3_64bits_update(&state, header.data() + kAfterChecksum, header.size() - kAfterChecksum);
  XXH3_64bits_update(&state, stored_body.data(), stored_body.size());
  return XXH3_64bits_digest(&state);
}

struct StoredHeader {
  BlockHeader header;
  Codec codec = Codec::kNone;
  uint64_t checksum = 0;
  size_t header_bytes = 0;
};

absl::Status Damaged(absl::string_view what) {
  return MakeError(Reason::kDataLoss, absl::StrCat("a stored block is damaged: ", what));
}

absl::StatusOr<StoredHeader> DecodeStoredHeader(absl::string_view stored) {
  RecordReader reader(stored);
  StoredHeader out;
  if (reader.Get<uint8_t>() != kFormat) return Damaged("unknown format");
  out.codec = static_cast<Codec>(reader.Get<uint8_t>());
  out.header_bytes = reader.Get<uint16_t>();
  out.header.event_count = reader.Get<uint32_t>();
  out.checksum = reader.Get<uint64_t>();
  out.header.instance = InstanceNumber(reader.Get<uint64_t>());
  out.header.first = Cursor(reader.Get<uint64_t>());
  out.header.first_appended_at = Timestamp(reader.Get<int64_t>());
  out.header.last_appended_at = Timestamp(reader.Get<int64_t>());
  out.header.commit = CommitPosition(reader.Get<uint64_t>());
  out.header.log_bytes = reader.Get<uint64_t>();
  out.header.body_bytes = reader.Get<uint32_t>();
  const uint32_t dictionary = reader.Get<uint32_t>();
  const absl::string_view chain = reader.GetBytes(out.header.chain_hash.size());
  if (!reader.ok() || out.header_bytes < kFixedBytes || out.header_bytes > stored.size()) return Damaged("cut short");
  std::copy(chain.begin(), chain.end(), out.header.chain_hash.begin());
  if (out.header.event_count == 0 || out.header.body_bytes > kBodyBytesMax ||
      out.header.event_count > out.header.body_bytes / kStoredEventBytesMin) {
    return Damaged("impossible sizes");
  }
  if (dictionary != 0) return Damaged("unknown dictionary");
  auto types = TypeSummary::Decode(stored.substr(kFixedBytes, out.header_bytes - kFixedBytes));
  if (!types.ok()) return types.status();
  out.header.types = *std::move(types);
  return out;
}

constexpr char kTypeTag = 1 << 3 | 2;
constexpr char kIdTag = 2 << 3 | 2;

// Whether a filter matches an encoded event. Its type and its id almost always come first, in this order.
bool Matches(const EventFilter& filter, absl::string_view event) {
  const bool by_id = !filter.id_prefix().empty();
  EventView view;
  if (event.size() > 2 && event[0] == kTypeTag && static_cast<uint8_t>(event[1]) < 0x80) {
    view.type = event.substr(2, static_cast<uint8_t>(event[1]));
    if (!filter.MatchesType(view.type)) return false;
    if (!by_id) return true;
    absl::string_view rest = event.substr(2 + view.type.size());
    if (absl::ConsumePrefix(&rest, absl::string_view(&kIdTag, 1))) {
      if (const auto size = ConsumeVarint(rest)) return absl::StartsWith(rest.substr(0, *size), filter.id_prefix());
    }
  }
  return view.Parse(event) && filter.MatchesType(view.type) &&
         (!by_id || absl::StartsWith(view.id, filter.id_prefix()));
}

// The broker's appended_at, the last field of every stored event.
Timestamp AppendedAt(absl::string_view event) {
  int64_t micros = 0;
  if (event.size() >= kEventTrailerBytes) std::memcpy(&micros, event.end() - sizeof(micros), sizeof(micros));
  return Timestamp(micros);
}

// Which events of a block a reader gets: those that its filter matches and whose type's life is not over.
class Selection {
 public:
  Selection(const BlockHeader& header, const EventFilter& filter, const TypeLives* lives)
      : filter_(filter), match_(header.types.Matches(filter)) {
    if (lives == nullptr || match_ == TypeSummary::Match::kNone) return;
    now_ = Timestamp::Now();
    const TypeSummary::Match alive = Alive(header, *lives);
    if (alive == TypeSummary::Match::kNone) match_ = alive;
    if (alive == TypeSummary::Match::kSome) lives_ = lives;
  }

  // How much of the whole block matches.
  TypeSummary::Match match() const {
    return match_ == TypeSummary::Match::kAll && lives_ != nullptr ? TypeSummary::Match::kSome : match_;
  }

  bool Takes(absl::string_view event) const {
    if (match_ != TypeSummary::Match::kAll && !Matches(filter_, event)) return false;
    EventView view;
    return lives_ == nullptr || (view.Parse(event) && !lives_->IsOver(view.type, AppendedAt(event), now_));
  }

 private:
  TypeSummary::Match Alive(const BlockHeader& header, const TypeLives& lives) const {
    if (header.types.many()) return TypeSummary::Match::kSome;
    bool any = false;
    bool all = true;
    for (const TypeSummary::Entry& entry : header.types.entries()) {
      any = any || !lives.IsOver(entry.type, header.last_appended_at, now_);
      all = all && !lives.IsOver(entry.type, header.first_appended_at, now_);
    }
    return all ? TypeSummary::Match::kAll : any ? TypeSummary::Match::kSome : TypeSummary::Match::kNone;
  }

  const EventFilter& filter_;
  TypeSummary::Match match_;
  const TypeLives* lives_ = nullptr;  // Only if some events of the block may be over.
  Timestamp now_;
};

// Walks the events of a body.
class BodyWalker {
 public:
  explicit BodyWalker(absl::string_view body) : rest_(body), body_(body) {}

  bool Next() {
    const size_t begin = body_.size() - rest_.size();
    const auto event = ConsumeEvent(rest_);
    if (!event) return false;
    event_ = *event;
    framed_ = body_.substr(begin, body_.size() - rest_.size() - begin);
    return true;
  }

  absl::string_view event() const { return event_; }
  absl::string_view framed() const { return framed_; }  // With tag and length.

 private:
  absl::string_view rest_;
  const absl::string_view body_;
  absl::string_view event_;
  absl::string_view framed_;
};

bool Take(size_t bytes, ReadBudget& budget) {
  if (budget.events == 0 || (bytes > budget.bytes && budget.took_any)) return false;
  --budget.events;
  budget.bytes -= std::min(bytes, budget.bytes);
  budget.took_any = true;
  return true;
}

void AppendSlice(const std::shared_ptr<const Block>& block, absl::string_view bytes, std::vector<BlockSlice>& out) {
  if (!out.empty() && out.back().block == block && out.back().bytes.end() == bytes.begin()) {
    BlockSlice& last = out.back();
    last.bytes = absl::string_view(last.bytes.data(), last.bytes.size() + bytes.size());
    ++last.event_count;
  } else {
    out.push_back({block, bytes, 1});
  }
}

}  // namespace

void TypeSummary::Add(absl::string_view type, absl::string_view dialect) {
  const auto is = [&](const Entry& entry) { return entry.type == type && entry.dialect == dialect; };
  if (last_ < entries_.size() && is(entries_[last_])) return;
  hidden_ = hidden_ || IsHiddenType(type);
  if (many_) return;
  const auto found = std::find_if(entries_.begin(), entries_.end(), is);
  last_ = static_cast<size_t>(found - entries_.begin());
  if (found != entries_.end()) return;
  // Nor is there an entry for a dialect that is too long for its length byte.
  if (entries_.size() == kEntriesMax || dialect.size() > std::numeric_limits<uint8_t>::max()) {
    many_ = true;
    entries_.clear();
    return;
  }
  entries_.push_back({std::string(type), std::string(dialect)});
}

TypeSummary::Match TypeSummary::Matches(const EventFilter& filter) const {
  const Match by_id = filter.id_prefix().empty() ? Match::kAll : Match::kSome;
  if (filter.MatchesShownTypes() && !hidden_) return by_id;
  if (many_) return Match::kSome;
  const auto matching = static_cast<size_t>(std::count_if(
      entries_.begin(), entries_.end(), [&](const Entry& entry) { return filter.MatchesType(entry.type); }));
  if (matching == 0) return Match::kNone;
  return matching == entries_.size() ? by_id : Match::kSome;
}

size_t TypeSummary::encoded_bytes() const {
  size_t bytes = 1;
  for (const Entry& entry : entries_) bytes += 2 + entry.type.size() + entry.dialect.size();
  return bytes;
}

void TypeSummary::AppendTo(std::string& out) const {
  out.push_back(static_cast<char>(!many_ ? entries_.size() : hidden_ ? kManyAndHidden : kMany));
  for (const Entry& entry : entries_) {
    out.push_back(static_cast<char>(entry.type.size()));
    out.append(entry.type);
    out.push_back(static_cast<char>(entry.dialect.size()));
    out.append(entry.dialect);
  }
}

absl::StatusOr<TypeSummary> TypeSummary::Decode(absl::string_view bytes) {
  RecordReader reader(bytes);
  TypeSummary summary;
  const uint8_t count = reader.Get<uint8_t>();
  if (count == kMany || count == kManyAndHidden) {
    summary.many_ = true;
    summary.hidden_ = count == kManyAndHidden;
  } else if (count > kEntriesMax) {
    return Damaged("type summary");
  } else {
    summary.entries_.reserve(count);
    for (int i = 0; i < count; ++i) {
      Entry& entry = summary.entries_.emplace_back();
      entry.type = std::string(reader.GetBytes(reader.Get<uint8_t>()));
      entry.dialect = std::string(reader.GetBytes(reader.Get<uint8_t>()));
      summary.hidden_ = summary.hidden_ || IsHiddenType(entry.type);
    }
  }
  if (!reader.ok() || !reader.at_end()) return Damaged("type summary");
  return summary;
}

absl::StatusOr<BlockHeader> Block::DecodeHeader(absl::string_view stored) {
  auto decoded = DecodeStoredHeader(stored);
  if (!decoded.ok()) return decoded.status();
  return std::move(decoded->header);
}

absl::StatusOr<std::shared_ptr<const Block>> Block::Decode(InstanceNumber instance, absl::string_view stored) {
  auto decoded = DecodeStoredHeader(stored);
  if (!decoded.ok()) return decoded.status();
  const absl::string_view stored_body = stored.substr(decoded->header_bytes);
  if (decoded->checksum != Checksum(stored.substr(0, decoded->header_bytes), stored_body)) return Damaged("checksum");
  if (decoded->header.instance != instance) return Damaged("it belongs to another instance");
  const uint32_t body_bytes = decoded->header.body_bytes;
  auto body = std::make_unique_for_overwrite<char[]>(body_bytes);
  if (decoded->codec == Codec::kNone) {
    if (stored_body.size() != body_bytes) return Damaged("body size");
    std::memcpy(body.get(), stored_body.data(), stored_body.size());
  } else if (decoded->codec == Codec::kLz4) {
    const int size = LZ4_decompress_safe(stored_body.data(), body.get(), static_cast<int>(stored_body.size()),
                                         static_cast<int>(body_bytes));
    if (size < 0 || static_cast<uint32_t>(size) != body_bytes) return Damaged("compressed body");
  } else {
    return Damaged("unknown codec");
  }
  return std::make_shared<const Block>(std::move(decoded->header), std::move(body), body_bytes);
}

EncodedBlock EncodeBlock(const Block& block, Codec codec) {
  const BlockHeader& header = block.header();
  EncodedBlock encoded;
  if (codec == Codec::kLz4) {
    const int bound = static_cast<int>(block.body().size() - block.body().size() / 8);
    encoded.compressed_body.resize(static_cast<size_t>(bound));
    const int size = LZ4_compress_default(block.body().data(), encoded.compressed_body.data(),
                                          static_cast<int>(block.body().size()), bound);
    encoded.compressed_body.resize(static_cast<size_t>(std::max(size, 0)));  // 0: it does not fit the bound.
  }
  const bool compressed = !encoded.compressed_body.empty();
  const size_t header_bytes = kFixedBytes + header.types.encoded_bytes();
  encoded.header.reserve(header_bytes);
  RecordWriter(encoded.header)
      .Put(kFormat)
      .Put(static_cast<uint8_t>(compressed ? codec : Codec::kNone))
      .Put(static_cast<uint16_t>(header_bytes))
      .Put(header.event_count)
      .Put(uint64_t{0})  // The checksum, below.
      .Put(header.instance.value())
      .Put(header.first.value())
      .Put(header.first_appended_at.micros())
      .Put(header.last_appended_at.micros())
      .Put(header.commit.value())
      .Put(header.log_bytes)
      .Put(static_cast<uint32_t>(block.body().size()))
      .Put(uint32_t{0});
  encoded.header.append(header.chain_hash.begin(), header.chain_hash.end());
  header.types.AppendTo(encoded.header);
  const uint64_t checksum =
      Checksum(encoded.header, compressed ? absl::string_view(encoded.compressed_body) : block.body());
  std::memcpy(encoded.header.data() + kChecksumOffset, &checksum, sizeof(checksum));
  return encoded;
}

BlockBuilder::BlockBuilder(InstanceNumber instance, Cursor first, CommitPosition commit, uint64_t log_bytes) {
  header_.instance = instance;
  header_.first = first;
  header_.commit = commit;
  header_.log_bytes = log_bytes;
}

void BlockBuilder::Reserve(size_t events, size_t event_bytes) {
  constexpr size_t kTagAndLength = 5;
  body_.reserve(body_.size() + event_bytes + events * (kTagAndLength + kEventTrailerBytes));
}

void BlockBuilder::Add(absl::string_view event, absl::string_view type, absl::string_view dialect,
                       Timestamp appended_at) {
  constexpr char kCursorTag = 14 << 3 | 1;
  constexpr char kAppendedAtTag = 15 << 3 | 1;
  const size_t before = body_.size();
  body_.push_back(kEventsTag);
  AppendVarint(event.size() + kEventTrailerBytes, body_);
  body_.append(event.data(), event.size());
  char trailer[kEventTrailerBytes];
  const uint64_t cursor = (header_.first + header_.event_count).value();
  const int64_t micros = appended_at.micros();
  trailer[0] = kCursorTag;
  std::memcpy(trailer + 1, &cursor, sizeof(cursor));
  trailer[9] = kAppendedAtTag;
  std::memcpy(trailer + 10, &micros, sizeof(micros));
  body_.append(trailer, sizeof(trailer));
  header_.log_bytes += body_.size() - before;
  if (header_.event_count++ == 0) header_.first_appended_at = appended_at;
  header_.last_appended_at = appended_at;
  header_.types.Add(type, dialect);
}

std::shared_ptr<const Block> BlockBuilder::Finish() && {
  header_.body_bytes = static_cast<uint32_t>(body_.size());
  return std::make_shared<const Block>(std::move(header_), std::move(body_));
}

Cursor SliceBlock(const std::shared_ptr<const Block>& block, Cursor after, Cursor until, const EventFilter& filter,
                  ReadBudget& budget, std::vector<BlockSlice>& out, const TypeLives* lives) {
  const Cursor last = std::min(block->last(), until);
  if (last <= after || block->first() > last) return after;
  const Selection selection(block->header(), filter, lives);
  const TypeSummary::Match match = selection.match();
  if (match == TypeSummary::Match::kNone) return last;
  // The usual case in a replay: the whole block.
  if (match == TypeSummary::Match::kAll && after < block->first() && last == block->last() &&
      block->header().event_count <= budget.events && block->body().size() <= budget.bytes) {
    budget.events -= block->header().event_count;
    budget.bytes -= block->body().size();
    budget.took_any = true;
    out.push_back({block, block->body(), block->header().event_count});
    return last;
  }
  Cursor cursor = block->first();
  Cursor done = after;
  for (BodyWalker walker(block->body()); cursor <= last && walker.Next(); cursor = cursor + 1) {
    if (cursor <= after) continue;
    if (match == TypeSummary::Match::kAll || selection.Takes(walker.event())) {
      if (!Take(walker.framed().size(), budget)) return done;
      AppendSlice(block, walker.framed(), out);
    }
    done = cursor;
  }
  return done;
}

Cursor SliceBlockReverse(const std::shared_ptr<const Block>& block, Cursor after, Cursor until,
                         const EventFilter& filter, ReadBudget& budget, std::vector<BlockSlice>& out,
                         const TypeLives* lives) {
  const Cursor last = std::min(block->last(), until);
  const Cursor first = after < block->first() ? block->first() : after + 1;
  if (last < first) return Cursor();
  const Selection selection(block->header(), filter, lives);
  const TypeSummary::Match match = selection.match();
  if (match == TypeSummary::Match::kNone) return first;
  std::vector<absl::string_view> framed;  // Events can only be walked from the front.
  framed.reserve(block->header().event_count);
  for (BodyWalker walker(block->body()); walker.Next();) framed.push_back(walker.framed());
  Cursor done;
  // The body may have fewer events than its header says.
  const uint64_t end = std::min<uint64_t>(last.value() - block->first().value() + 1, framed.size());
  for (uint64_t i = end; i-- > first.value() - block->first().value();) {
    absl::string_view event = framed[i];
    const auto encoded = ConsumeEvent(event);
    if (match == TypeSummary::Match::kAll || selection.Takes(*encoded)) {
      if (!Take(framed[i].size(), budget)) return done;
      out.push_back({block, framed[i], 1});
    }
    done = block->first() + i;
  }
  return done;
}

}  // namespace playhead::storage
