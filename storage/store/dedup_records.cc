#include "storage/store/dedup_records.h"

#include <xxhash.h>

#include <utility>

#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {
namespace {

constexpr char kIdKind = 'I';
constexpr char kProducerKind = 'P';

class ExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  explicit ExpiryFilter(std::shared_ptr<const DedupExpiry> expiry)
      : expiry_(std::move(expiry)), now_(Timestamp::Now()) {}
  const char* Name() const override { return "playhead.dedup_expiry"; }
  // A record that does not decode is kept: look-ups report the damage.
  bool Filter(int, const rocksdb::Slice& key, const rocksdb::Slice& value, std::string*, bool*) const override {
    if (key.size() > kInstanceKeyBytes && key[kInstanceKeyBytes] == kProducerKind) {
      const auto run = DecodeRunRecord(FromSlice(value));
      return run && expiry_->IsForgotten(*run, now_);
    }
    const auto id = DecodeIdRecord(FromSlice(value));
    return id && expiry_->IsForgotten(*id, now_);
  }

 private:
  const std::shared_ptr<const DedupExpiry> expiry_;
  const Timestamp now_;
};

class ExpiryFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit ExpiryFilterFactory(std::shared_ptr<const DedupExpiry> expiry) : expiry_(std::move(expiry)) {}
  const char* Name() const override { return "playhead.dedup_expiry"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<ExpiryFilter>(expiry_);
  }

 private:
  const std::shared_ptr<const DedupExpiry> expiry_;
};

}  // namespace

IdHash IdHash::Of(absl::string_view id) {
  const XXH128_hash_t hash = XXH3_128bits(id.data(), id.size());
  return {hash.high64, hash.low64};
}

std::string IdKey(InstanceNumber instance, const IdHash& hash) {
  std::string key = InstanceKey(instance);
  key.push_back(kIdKind);
  AppendBigEndian(hash.high, 8, key);
  AppendBigEndian(hash.low, 8, key);
  return key;
}

std::string ProducerKeyPrefix(InstanceNumber instance, absl::string_view producer_id) {
  std::string key = InstanceKey(instance);
  key.push_back(kProducerKind);
  key.push_back(static_cast<char>(producer_id.size()));
  key.append(producer_id.data(), producer_id.size());
  return key;
}

std::string RunKey(InstanceNumber instance, absl::string_view producer_id, uint64_t first_sequence) {
  std::string key = ProducerKeyPrefix(instance, producer_id);
  AppendBigEndian(first_sequence, 8, key);
  return key;
}

uint64_t RunKeySequence(absl::string_view key) { return DecodeBigEndian(key.substr(key.size() - 8)); }

std::string Encode(const IdRecord& record) {
  std::string value;
  RecordWriter writer(value);
  writer.Put(record.appended_at.micros()).Put(record.cursor.value());
  if (record.window) writer.Put(static_cast<uint32_t>(absl::ToInt64Milliseconds(*record.window)));
  return value;
}

std::string Encode(const RunRecord& record) {
  std::string value;
  RecordWriter(value).Put(record.appended_at.micros()).Put(record.first.value()).Put(record.count);
  return value;
}

std::optional<IdRecord> DecodeIdRecord(absl::string_view value) {
  RecordReader reader(value);
  IdRecord record;
  record.appended_at = Timestamp(reader.Get<int64_t>());
  record.cursor = Cursor(reader.Get<uint64_t>());
  if (!reader.at_end()) record.window = absl::Milliseconds(reader.Get<uint32_t>());
  if (!reader.ok()) return std::nullopt;
  return record;
}

std::optional<RunRecord> DecodeRunRecord(absl::string_view value) {
  RecordReader reader(value);
  RunRecord record;
  record.appended_at = Timestamp(reader.Get<int64_t>());
  record.first = Cursor(reader.Get<uint64_t>());
  record.count = reader.Get<uint32_t>();
  if (!reader.ok()) return std::nullopt;
  return record;
}

std::shared_ptr<rocksdb::CompactionFilterFactory> MakeDedupExpiryFilter(std::shared_ptr<const DedupExpiry> expiry) {
  return std::make_shared<ExpiryFilterFactory>(std::move(expiry));
}

}  // namespace playhead::storage
