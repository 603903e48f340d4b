#include "broker/consumers/held_slices.h"

#include <optional>

#include "proto/event_wire.h"

namespace playhead::broker {

using storage::BlockSlice;
using storage::Cursor;

namespace {

// The trailer is a tag and eight bytes of cursor, a tag and eight bytes of time (proto/event_wire.h).
constexpr size_t kCursorFromEnd = kEventTrailerBytes - 1;

void AddCursor(Cursor cursor, std::vector<Run>& runs) {
  if (!runs.empty() && runs.back().last + 1 == cursor) {
    runs.back().last = cursor;
  } else {
    runs.push_back({cursor, cursor});
  }
}

// Fast path for contiguous cursors, which the first and the last cursor show. False if they are not contiguous.
bool AddWhole(const BlockSlice& slice, std::vector<Run>& runs) {
  absl::string_view rest = slice.bytes;
  const auto first = ConsumeEvent(rest);
  if (!first) return true;
  const Cursor first_cursor = CursorOf(*first);
  const Cursor last_cursor = CursorOf(slice.bytes);  // The trailer of the last event ends the slice.
  if (first_cursor + (slice.event_count - 1) != last_cursor) return false;
  AddCursor(first_cursor, runs);
  runs.back().last = last_cursor;
  return true;
}

void AddEach(const BlockSlice& slice, std::vector<Run>& runs) {
  absl::string_view rest = slice.bytes;
  while (const auto event = ConsumeEvent(rest)) AddCursor(CursorOf(*event), runs);
}

void AddRuns(const BlockSlice& slice, std::vector<Run>& runs) {
  if (!AddWhole(slice, runs)) AddEach(slice, runs);
}

}  // namespace

Cursor CursorOf(absl::string_view event) {
  if (event.size() < kEventTrailerBytes) return Cursor();
  uint64_t value = 0;
  const absl::string_view bytes = event.substr(event.size() - kCursorFromEnd, 8);
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<uint8_t>(bytes[i]);
  return Cursor(value);
}

size_t FrontBytes(const std::deque<BlockSlice>& slices) {
  if (slices.empty()) return 0;
  absl::string_view rest = slices.front().bytes;
  ConsumeEvent(rest);
  return slices.front().bytes.size() - rest.size();
}

SliceRuns TakeFront(std::deque<BlockSlice>& slices, uint32_t events_max, size_t bytes_max) {
  SliceRuns taken;
  while (!slices.empty() && taken.event_count < events_max) {
    BlockSlice& front = slices.front();
    BlockSlice part{front.block, front.bytes, front.event_count};
    if (front.event_count > events_max - taken.event_count || taken.bytes + front.bytes.size() > bytes_max) {
      absl::string_view rest = front.bytes;
      part.event_count = 0;
      while (taken.event_count + part.event_count < events_max) {
        absl::string_view behind = rest;
        if (!ConsumeEvent(behind)) break;
        const size_t bytes = taken.bytes + (front.bytes.size() - behind.size());
        if (bytes > bytes_max && taken.event_count + part.event_count > 0) break;
        rest = behind;
        ++part.event_count;
      }
      if (part.event_count == 0) break;
      part.bytes = front.bytes.substr(0, front.bytes.size() - rest.size());
    }
    AddRuns(part, taken.runs);
    taken.bytes += part.bytes.size();
    taken.event_count += part.event_count;
    front.bytes.remove_prefix(part.bytes.size());
    front.event_count -= part.event_count;
    if (front.event_count == 0) slices.pop_front();
    taken.slices.push_back(std::move(part));
  }
  return taken;
}

std::vector<Run> RunsOf(absl::Span<const BlockSlice> slices) {
  std::vector<Run> runs;
  for (const BlockSlice& slice : slices) AddRuns(slice, runs);
  return runs;
}

SliceRuns Pick(absl::Span<const BlockSlice> slices, absl::Span<const Run> runs) {
  SliceRuns picked;
  size_t run = 0;
  for (const BlockSlice& slice : slices) {
    absl::string_view rest = slice.bytes;
    const char* begin = nullptr;  // The start of the part that is being picked.
    uint32_t count = 0;
    const auto end_part = [&](const char* end) {
      if (count > 0) picked.slices.push_back({slice.block, {begin, static_cast<size_t>(end - begin)}, count});
      count = 0;
    };
    while (!rest.empty()) {
      const char* const start = rest.data();
      const auto event = ConsumeEvent(rest);
      if (!event) break;
      const Cursor cursor = CursorOf(*event);
      while (run < runs.size() && runs[run].last < cursor) ++run;
      if (run == runs.size() || cursor < runs[run].first) {
        end_part(start);
        continue;
      }
      if (count++ == 0) begin = start;
      AddCursor(cursor, picked.runs);
    }
    end_part(slice.bytes.data() + slice.bytes.size() - rest.size());
  }
  for (const BlockSlice& slice : picked.slices) {
    picked.bytes += slice.bytes.size();
    picked.event_count += slice.event_count;
  }
  return picked;
}

}  // namespace playhead::broker
