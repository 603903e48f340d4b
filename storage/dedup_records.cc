#include "storage/dedup_records.h"

#include <xxhash.h>

#include <utility>

#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/rocksdb_status.h"

namespace playhead::storage {
namespace {

constexpr char kIdKind = 'I';
constexpr char kProducerKind = 'P';

class ExpiryFilter final : public rocksdb::CompactionFilter {
 public:
  explicit ExpiryFilter(int64_t cutoff) : cutoff_(cutoff) {}
  const char* Name() const override { return "playhead.dedup_expiry"; }
  // Both kinds of record start with their time.
  bool Filter(int, const rocksdb::Slice&, const rocksdb::Slice& value, std::string*, bool*) const override {
    return RecordReader(FromSlice(value)).Get<int64_t>() < cutoff_;
  }

 private:
  const int64_t cutoff_;
};

class ExpiryFilterFactory final : public rocksdb::CompactionFilterFactory {
 public:
  explicit ExpiryFilterFactory(std::shared_ptr<const std::atomic<int64_t>> cutoff) : cutoff_(std::move(cutoff)) {}
  const char* Name() const override { return "playhead.dedup_expiry"; }
  std::unique_ptr<rocksdb::CompactionFilter> CreateCompactionFilter(
      const rocksdb::CompactionFilter::Context&) override {
    return std::make_unique<ExpiryFilter>(cutoff_->load(std::memory_order_relaxed));
  }

 private:
  const std::shared_ptr<const std::atomic<int64_t>> cutoff_;
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
  RecordWriter(value).Put(record.appended_at.micros()).Put(record.cursor.value());
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

std::shared_ptr<rocksdb::CompactionFilterFactory> MakeDedupExpiryFilter(
    std::shared_ptr<const std::atomic<int64_t>> cutoff) {
  return std::make_shared<ExpiryFilterFactory>(std::move(cutoff));
}

}  // namespace playhead::storage
