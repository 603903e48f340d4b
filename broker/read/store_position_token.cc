#include "broker/read/store_position_token.h"

#include <xxhash.h>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/key_codec.h"

namespace playhead::broker {

using storage::AppendBigEndian;
using storage::CommitPosition;
using storage::Cursor;
using storage::DecodeBigEndian;
using storage::InstanceNumber;
using storage::StorePosition;

namespace {

constexpr absl::string_view kPrefix = "pos_";
constexpr uint64_t kVersion = 1;
constexpr size_t kVersionBytes = 2;  // Makes 36 bytes in all, so base-64 has no spare bits.
constexpr size_t kChecksumBytes = 4;
constexpr size_t kStoreIdBytes = 8;
constexpr size_t kCommitBytes = 8;
constexpr size_t kInstanceBytes = 6;
constexpr size_t kCursorBytes = 8;
constexpr size_t kBodyBytes = kStoreIdBytes + kCommitBytes + kInstanceBytes + kCursorBytes;

uint64_t Checksum(absl::string_view body) { return XXH3_64bits(body.data(), body.size()) >> 32; }

}  // namespace

std::string EncodeStorePosition(uint64_t store_id, StorePosition position) {
  std::string body;
  AppendBigEndian(store_id, kStoreIdBytes, body);
  AppendBigEndian(position.commit.value(), kCommitBytes, body);
  AppendBigEndian(position.instance.value(), kInstanceBytes, body);
  AppendBigEndian(position.cursor.value(), kCursorBytes, body);
  std::string bytes;
  AppendBigEndian(kVersion, kVersionBytes, bytes);
  AppendBigEndian(Checksum(body), kChecksumBytes, bytes);
  bytes += body;
  return absl::StrCat(kPrefix, absl::WebSafeBase64Escape(bytes));
}

absl::StatusOr<StorePosition> DecodeStorePosition(uint64_t store_id, absl::string_view text) {
  std::string decoded;
  if (!absl::ConsumePrefix(&text, kPrefix) || !absl::WebSafeBase64Unescape(text, &decoded) ||
      decoded.size() != kVersionBytes + kChecksumBytes + kBodyBytes) {
    return MakeError(Reason::kPositionInvalid,
                     "a position is the text that a stream of many instances gave, unchanged");
  }
  absl::string_view bytes = decoded;
  const auto take = [&bytes](size_t size) {
    const uint64_t value = DecodeBigEndian(bytes.substr(0, size));
    bytes.remove_prefix(size);
    return value;
  };
  const uint64_t version = take(kVersionBytes);
  const uint64_t checksum = take(kChecksumBytes);
  if (version != kVersion || checksum != Checksum(bytes)) {
    return MakeError(Reason::kPositionInvalid, "the position is damaged, or of a newer version of the broker");
  }
  if (take(kStoreIdBytes) != store_id) {
    return MakeError(Reason::kCursorDiverged, "the position is of another store");
  }
  StorePosition position;
  position.commit = CommitPosition(take(kCommitBytes));
  position.instance = InstanceNumber(take(kInstanceBytes));
  position.cursor = Cursor(take(kCursorBytes));
  return position;
}

}  // namespace playhead::broker
