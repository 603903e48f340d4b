#include "storage/store/erasure_job.h"

#include <algorithm>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"

namespace playhead::storage {
namespace {

constexpr uint8_t kFormat = 1;
// In `meta`; + id (8), big-endian.
constexpr absl::string_view kKeyPrefix = "event_erasure.";

}  // namespace

bool IsStub(const EventView& event) {
  return event.type == kErasedEventType && event.id.empty() && event.data.empty() && event.attributes.empty();
}

ErasureTarget ErasureTarget::Of(const ErasureRequest& request) {
  ErasureTarget target;
  std::vector<std::string> patterns = request.instances;
  absl::c_sort(patterns);
  for (std::string& pattern : patterns) {
    const absl::string_view name = absl::StripSuffix(pattern, "*");
    // `*` sorts before every character of a name, so whatever a prefix covers follows it, except its own text.
    if (!target.instances.empty() && target.instances.back() == name) target.instances.pop_back();
    const bool covered = !target.instances.empty() && InstanceMatches(target.instances.back(), name);
    if (!covered) target.instances.push_back(std::move(pattern));
  }
  target.cursors = request.cursors;
  absl::c_sort(target.cursors);
  target.cursors.erase(std::unique(target.cursors.begin(), target.cursors.end()), target.cursors.end());
  for (const std::string& id : request.ids) target.ids.insert(IdHash::Of(id));
  if (request.attribute) {
    target.attribute_key = request.attribute->first;
    target.attribute_value = IdHash::Of(request.attribute->second);
  }
  return target;
}

bool ErasureTarget::CoversInstance(absl::string_view name) const {
  return absl::c_any_of(instances, [name](const std::string& pattern) { return InstanceMatches(pattern, name); });
}

bool ErasureTarget::MatchesEvent(Cursor cursor, const EventView& event) const {
  if (IsStub(event)) return false;
  if (!cursors.empty()) return absl::c_binary_search(cursors, cursor);
  if (!ids.empty()) return !event.id.empty() && ids.contains(IdHash::Of(event.id));
  return absl::c_any_of(event.attributes, [this](const auto& attribute) {
    return attribute.first == attribute_key && IdHash::Of(attribute.second) == attribute_value;
  });
}

ErasureInfo ErasureJob::info() const {
  return {.id = id,
          .instances = target.instances,
          .cursor_count = cursor_count,
          .id_count = id_count,
          .attribute_key = target.attribute_key,
          .dry_run = dry_run,
          .state = state,
          .requested_at = requested_at,
          .ended_at = ended_at,
          .progress = progress};
}

void ErasureJob::End(ErasureState how, Timestamp now) {
  state = how;
  ended_at = now;
  target.cursors.clear();
  target.ids.clear();
  target.attribute_value = {};
  instance.clear();
  rewritten.clear();
}

void ErasureJob::NoteRewritten(uint32_t slice, const std::string& key) {
  KeyRange& range = rewritten[slice];
  if (range.first.empty() || key < range.first) range.first = key;
  range.last = std::max(range.last, key);
}

std::string ErasureJobKey(uint64_t id) {
  std::string key(kKeyPrefix);
  AppendBigEndian(id, 8, key);
  return key;
}

std::string Encode(const ErasureJob& job) {
  std::string value;
  RecordWriter writer(value);
  writer.Put(kFormat)
      .Put(job.id)
      .Put(job.until.value())
      .Put(static_cast<uint8_t>(job.state))
      .Put(static_cast<uint8_t>(job.dry_run))
      .Put(job.requested_at.micros())
      .Put(job.ended_at.micros())
      .Put(job.cursor_count)
      .Put(job.id_count);
  writer.Put(static_cast<uint32_t>(job.target.instances.size()));
  for (const std::string& instance : job.target.instances) writer.PutText(instance);
  writer.Put(static_cast<uint32_t>(job.target.cursors.size()));
  for (const Cursor cursor : job.target.cursors) writer.Put(cursor.value());
  writer.Put(static_cast<uint32_t>(job.target.ids.size()));
  for (const IdHash& id : job.target.ids) writer.Put(id.high).Put(id.low);
  writer.PutText(job.target.attribute_key).Put(job.target.attribute_value.high).Put(job.target.attribute_value.low);
  const ErasureProgress& progress = job.progress;
  writer.Put(progress.instances)
      .Put(progress.scanned_events)
      .Put(progress.scanned_bytes)
      .Put(progress.erased_events)
      .Put(progress.erased_bytes)
      .Put(progress.damaged_blocks)
      .Put(job.pattern)
      .PutText(job.instance)
      .Put(job.after.value());
  writer.Put(static_cast<uint32_t>(job.rewritten.size()));
  for (const auto& [slice, range] : job.rewritten) writer.Put(slice).PutText(range.first).PutText(range.last);
  return value;
}

absl::StatusOr<ErasureJob> DecodeErasureJob(absl::string_view value) {
  RecordReader reader(value);
  ErasureJob job;
  const uint8_t format = reader.Get<uint8_t>();
  job.id = reader.Get<uint64_t>();
  job.until = CommitPosition(reader.Get<uint64_t>());
  job.state = static_cast<ErasureState>(reader.Get<uint8_t>());
  job.dry_run = reader.Get<uint8_t>() != 0;
  job.requested_at = Timestamp(reader.Get<int64_t>());
  job.ended_at = Timestamp(reader.Get<int64_t>());
  job.cursor_count = reader.Get<uint32_t>();
  job.id_count = reader.Get<uint32_t>();
  for (uint32_t n = reader.Get<uint32_t>(); n > 0 && reader.ok(); --n) {
    job.target.instances.emplace_back(reader.GetText());
  }
  for (uint32_t n = reader.Get<uint32_t>(); n > 0 && reader.ok(); --n) {
    job.target.cursors.emplace_back(reader.Get<uint64_t>());
  }
  for (uint32_t n = reader.Get<uint32_t>(); n > 0 && reader.ok(); --n) {
    const uint64_t high = reader.Get<uint64_t>();
    job.target.ids.insert({high, reader.Get<uint64_t>()});
  }
  job.target.attribute_key = std::string(reader.GetText());
  job.target.attribute_value.high = reader.Get<uint64_t>();
  job.target.attribute_value.low = reader.Get<uint64_t>();
  for (uint64_t* const count :
       {&job.progress.instances, &job.progress.scanned_events, &job.progress.scanned_bytes, &job.progress.erased_events,
        &job.progress.erased_bytes, &job.progress.damaged_blocks}) {
    *count = reader.Get<uint64_t>();
  }
  job.pattern = reader.Get<uint32_t>();
  job.instance = std::string(reader.GetText());
  job.after = Cursor(reader.Get<uint64_t>());
  for (uint32_t n = reader.Get<uint32_t>(); n > 0 && reader.ok(); --n) {
    const uint32_t slice = reader.Get<uint32_t>();
    ErasureJob::KeyRange& range = job.rewritten[slice];
    range.first = std::string(reader.GetText());
    range.last = std::string(reader.GetText());
  }
  if (!reader.ok() || !reader.at_end() || format != kFormat || job.state > ErasureState::kCanceled) {
    return MakeError(Reason::kDataLoss, "an erasure's record is damaged");
  }
  return job;
}

}  // namespace playhead::storage
