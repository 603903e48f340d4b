#include "broker/replay/tally.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "broker/replay/limits.h"
#include "proto/event_wire.h"
#include "storage/erasures.h"

namespace playhead::broker::replay {

using storage::BlockHeader;
using storage::BlockSlice;
using storage::Timestamp;

uint64_t Tally::Add(absl::Span<const BlockSlice> slices) {
  const uint64_t before = event_count_;
  for (const BlockSlice& slice : slices) {
    const BlockHeader& header = slice.block->header();
    const bool one_type = !header.types.many() && header.types.entries().size() == 1;
    if (one_type && header.types.entries()[0].type == kErasedEventType) continue;
    if (slice.event_count == header.event_count && one_type) {
      event_bytes_ += slice.bytes.size();
      event_count_ += slice.event_count;
      AddType(header.types.entries()[0].type, slice.event_count);
      AddTimes(header.first_appended_at, header.last_appended_at);
    } else {
      AddEvents(slice.bytes);
    }
  }
  return event_count_ - before;
}

void Tally::AddEvents(absl::string_view events) {
  EventView event;
  for (size_t left = events.size(); const auto bytes = ConsumeEvent(events);) {
    const size_t encoded_bytes = std::exchange(left, events.size()) - events.size();
    if (!event.Parse(*bytes)) continue;  // Prevented by the store's checksums.
    if (event.type == kErasedEventType) continue;
    event_bytes_ += encoded_bytes;
    ++event_count_;
    AddType(event.type, 1);
    AddTimes(Timestamp(event.appended_at), Timestamp(event.appended_at));
  }
}

void Tally::AddType(absl::string_view type, uint64_t count) {
  const auto found = types_.find(type);
  if (found != types_.end()) {
    found->second += count;
  } else if (types_.size() < kTypesMax) {
    types_.emplace(type, count);
  } else {
    other_types_ += count;
  }
}

void Tally::AddTimes(Timestamp first, Timestamp last) {
  if (first_ == Timestamp() || first < first_) first_ = first;
  last_ = std::max(last_, last);
}

void Tally::WriteTo(v1::ReplayPlan& plan) const {
  plan.set_event_count(event_count_);
  plan.set_event_bytes(event_bytes_);
  plan.set_first_appended_at(first_.micros());
  plan.set_last_appended_at(last_.micros());
  plan.set_other_types_event_count(other_types_);
  std::vector<std::pair<absl::string_view, uint64_t>> types(types_.begin(), types_.end());
  std::sort(types.begin(), types.end(), [](const auto& a, const auto& b) {
    return a.second != b.second ? a.second > b.second : a.first < b.first;
  });
  for (const auto& [type, count] : types) {
    v1::ReplayTypeCount& out = *plan.add_types();
    out.set_type(std::string(type));
    out.set_event_count(count);
  }
}

}  // namespace playhead::broker::replay
