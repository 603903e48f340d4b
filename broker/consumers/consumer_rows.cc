#include "broker/consumers/consumer_rows.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "playhead/store/v1/consumer_record.pb.h"
#include "storage/key_codec.h"

namespace playhead::broker {

using storage::AppendBigEndian;
using storage::Cursor;
using storage::DecodeBigEndian;
using storage::InstanceNumber;
using storage::Record;
using storage::RecordChange;
using storage::RecordSpace;
using storage::Timestamp;
using store::v1::ConsumerRecord;
using store::v1::ConsumerStateRecord;
using store::v1::ParkedRecord;

namespace {

// The target size of a row's ranges. A row has up to 64 KiB, and one number takes up to ten bytes.
constexpr size_t kRowBytesTarget = size_t{48} << 10;

// The maximum size of a range of numbers removed from the parked list: there are too few numbers for longer ones.
constexpr size_t kUnparkedRangeBytes = 6;

constexpr uint64_t kUint32Max = std::numeric_limits<uint32_t>::max();

absl::Status Damaged(absl::string_view key) {
  return absl::DataLossError(absl::StrCat("the stored row ", key, " is damaged"));
}

std::string StatePartKey(absl::string_view consumer, size_t part) {
  std::string key = StateRowKey(consumer);
  if (part == 0) return key;
  key.push_back('/');
  AppendBigEndian(part, 4, key);
  return key;
}

void AppendRange(const UnsettledRange& range, uint64_t last_before, ConsumerStateRecord::Unsettled& out) {
  const uint64_t size = range.last.value() - range.after.value();
  out.add_ranges(range.after.value() - last_before);
  out.add_ranges(size);
  out.add_ranges(range.event_count == size ? 0 : range.event_count);
  out.add_ranges(range.failures);
}

// The approximate size of what AppendRange adds.
size_t RangeBytes(const UnsettledRange& range, uint64_t last_before) {
  const auto varint_bytes = [](uint64_t value) {
    size_t bytes = 1;
    for (; value > 0x7f; value >>= 7) ++bytes;
    return bytes;
  };
  const uint64_t size = range.last.value() - range.after.value();
  return varint_bytes(range.after.value() - last_before) + varint_bytes(size) + varint_bytes(range.event_count) +
         varint_bytes(range.failures);
}

bool ParseUnsettled(const ConsumerStateRecord& record, StoredState& state) {
  for (const auto& unsettled : record.unsettled()) {
    const InstanceNumber instance(unsettled.instance());
    state.names[instance] = unsettled.name();
    if (unsettled.ranges().empty() || unsettled.ranges_size() % 4 != 0) return false;
    uint64_t last = 0;
    for (int i = 0; i < unsettled.ranges_size(); i += 4) {
      UnsettledRange range;
      range.instance = instance;
      range.after = Cursor(last + unsettled.ranges(i));
      last = range.after.value() + unsettled.ranges(i + 1);
      range.last = Cursor(last);
      const uint64_t size = unsettled.ranges(i + 1);
      const uint64_t count = unsettled.ranges(i + 2) == 0 ? size : unsettled.ranges(i + 2);
      const uint64_t failures = unsettled.ranges(i + 3);
      if (range.last <= range.after || count > size || count > kUint32Max || failures > kUint32Max) return false;
      range.event_count = static_cast<uint32_t>(count);
      range.failures = static_cast<uint32_t>(failures);
      state.snapshot.unsettled.push_back(range);
    }
  }
  return true;
}

bool ParseUnparked(const ConsumerStateRecord& record, NumberSet& unparked) {
  if (record.unparked_size() % 2 != 0) return false;
  const uint64_t number_max = record.last_parked_number();
  uint64_t behind = 0;
  for (int i = 0; i < record.unparked_size(); i += 2) {
    const uint64_t left_out = record.unparked(i);
    const uint64_t count = record.unparked(i + 1);
    // Numbers start at 1, and ranges are not adjacent.
    if (left_out == 0 || count == 0 || behind > number_max || left_out > number_max - behind) return false;
    const uint64_t first = behind + left_out;
    if (count - 1 > number_max - first) return false;
    unparked.InsertBehind(first, first + (count - 1));
    behind = first + count;
  }
  return true;
}

}  // namespace

RecordChange ConfigRow(const StoredConfig& stored) {
  const ConsumerConfig& config = stored.config;
  ConsumerRecord record;
  record.set_name(config.name);
  switch (config.source.kind) {
    case ConsumerSource::Kind::kInstance:
      record.mutable_instance()->set_name(config.source.name);
      record.mutable_instance()->set_number(stored.instance.value());
      break;
    case ConsumerSource::Kind::kPrefix:
      record.set_prefix(config.source.name);
      break;
    case ConsumerSource::Kind::kAll:
      record.set_all(true);
      break;
  }
  for (const std::string& type : config.types) record.add_types(type);
  record.set_id_prefix(config.id_prefix);
  if (config.ack_deadline != absl::InfiniteDuration()) {
    record.set_ack_deadline_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(config.ack_deadline)));
  }
  record.set_attempts_max(config.attempts_max);
  record.set_in_flight_max(config.in_flight_max);
  record.set_shared(config.shared);
  record.set_allow_gap(config.allow_gap);
  record.set_overtake(config.overtake);
  record.set_created_at(stored.created_at.micros());
  record.set_deleted(stored.deleted);
  return {RecordSpace::kConsumers, absl::StrCat(kConsumerConfigRows, config.name), record.SerializeAsString()};
}

absl::StatusOr<StoredConfig> ParseConfigRow(const Record& row) {
  ConsumerRecord record;
  if (!record.ParseFromString(row.value)) return Damaged(row.key);
  StoredConfig stored;
  ConsumerConfig& config = stored.config;
  config.name = record.name();
  switch (record.source_case()) {
    case ConsumerRecord::kInstance:
      config.source = {ConsumerSource::Kind::kInstance, record.instance().name()};
      stored.instance = InstanceNumber(record.instance().number());
      break;
    case ConsumerRecord::kPrefix:
      config.source = {ConsumerSource::Kind::kPrefix, record.prefix()};
      break;
    case ConsumerRecord::kAll:
      config.source = {ConsumerSource::Kind::kAll, ""};
      break;
    case ConsumerRecord::SOURCE_NOT_SET:
      return Damaged(row.key);
  }
  config.types.assign(record.types().begin(), record.types().end());
  config.id_prefix = record.id_prefix();
  config.ack_deadline =
      record.ack_deadline_ms() == 0 ? absl::InfiniteDuration() : absl::Milliseconds(record.ack_deadline_ms());
  config.attempts_max = record.attempts_max();
  config.in_flight_max = record.in_flight_max();
  config.shared = record.shared();
  config.allow_gap = record.allow_gap();
  config.overtake = record.overtake();
  stored.created_at = Timestamp(record.created_at());
  stored.deleted = record.deleted();
  if (row.key != absl::StrCat(kConsumerConfigRows, config.name) || !CheckConsumerConfig(config).ok()) {
    return Damaged(row.key);
  }
  return stored;
}

std::string StateRowKey(absl::string_view consumer) { return absl::StrCat(kConsumerStateRows, consumer); }

std::vector<RecordChange> StateRows(absl::string_view consumer, const StoredState& state, size_t rows_before) {
  std::vector<ConsumerStateRecord> records(1);
  size_t bytes = kUnparkedRangeBytes * state.unparked.ranges().size();  // These ranges are in the first row.
  ConsumerStateRecord::Unsettled* open = nullptr;
  uint64_t last = 0;
  for (const UnsettledRange& range : state.snapshot.unsettled) {
    if (bytes > kRowBytesTarget) {
      records.emplace_back();
      bytes = 0;
      open = nullptr;
    }
    if (open == nullptr || open->instance() != range.instance.value()) {
      open = records.back().add_unsettled();
      open->set_instance(range.instance.value());
      if (const auto name = state.names.find(range.instance); name != state.names.end()) open->set_name(name->second);
      bytes += open->name().size() + 20;
      last = 0;
    }
    bytes += RangeBytes(range, last);
    AppendRange(range, last, *open);
    last = range.last.value();
  }
  ConsumerStateRecord& head = records.front();
  head.set_commit(state.snapshot.position.commit.value());
  head.set_instance(state.snapshot.position.instance.value());
  head.set_cursor(state.snapshot.position.cursor.value());
  head.set_more_rows(static_cast<uint32_t>(records.size() - 1));
  head.set_last_parked_number(state.last_parked_number);
  uint64_t behind = 0;
  for (const auto& [range_last, range_first] : state.unparked.ranges()) {
    head.add_unparked(range_first - behind);
    head.add_unparked(range_last - range_first + 1);
    behind = range_last + 1;
  }
  std::vector<RecordChange> changes;
  for (size_t part = 0; part < records.size(); ++part) {
    changes.push_back({RecordSpace::kConsumers, StatePartKey(consumer, part), records[part].SerializeAsString()});
  }
  for (size_t part = records.size(); part < rows_before; ++part) {
    changes.push_back({RecordSpace::kConsumers, StatePartKey(consumer, part), std::nullopt});
  }
  return changes;
}

absl::StatusOr<StoredState> ParseStateRows(absl::Span<const Record> rows) {
  StoredState state;
  for (size_t part = 0; part < rows.size(); ++part) {
    ConsumerStateRecord record;
    if (!record.ParseFromString(rows[part].value) || !ParseUnsettled(record, state)) return Damaged(rows[part].key);
    if (part > 0) continue;
    if (record.more_rows() + 1 != rows.size() || !ParseUnparked(record, state.unparked)) return Damaged(rows[part].key);
    state.snapshot.position = {storage::CommitPosition(record.commit()), InstanceNumber(record.instance()),
                               Cursor(record.cursor())};
    state.last_parked_number = record.last_parked_number();
  }
  return state;
}

std::string ParkedRowPrefix(absl::string_view consumer) { return absl::StrCat(kParkedRows, consumer, "/"); }

std::string ParkedRowKey(absl::string_view consumer, uint64_t number) {
  std::string key = ParkedRowPrefix(consumer);
  AppendBigEndian(number, 8, key);
  return key;
}

RecordChange ParkedRowOf(absl::string_view consumer, const ParkedRow& row) {
  ParkedRecord record;
  record.set_instance(row.instance_number.value());
  record.set_instance_name(row.instance);
  record.set_cursor(row.cursor.value());
  record.set_attempts(row.attempts);
  record.set_reason(row.reason);
  record.set_parked_at(row.parked_at.micros());
  return {RecordSpace::kConsumers, ParkedRowKey(consumer, row.number), record.SerializeAsString()};
}

absl::StatusOr<ParkedRow> ParseParkedRow(const Record& row) {
  ParkedRecord record;
  if (row.key.size() < 8 || !record.ParseFromString(row.value)) return Damaged(row.key);
  ParkedRow parked;
  parked.number = DecodeBigEndian(row.key.substr(row.key.size() - 8));
  parked.instance_number = InstanceNumber(record.instance());
  parked.instance = record.instance_name();
  parked.cursor = Cursor(record.cursor());
  parked.attempts = record.attempts();
  parked.reason = record.reason();
  parked.parked_at = Timestamp(record.parked_at());
  return parked;
}

}  // namespace playhead::broker
