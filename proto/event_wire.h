// Event encoding without message objects: an event is read in place, and written by appending to a buffer.
//
// The log stores events exactly as a response carries them (`repeated Event events = 1`), so both the broker and the
// client iterate over these bytes at several million events a second; building a playhead.v1.Event for each would
// dominate the cost. Only field numbers and wire types of proto/playhead/v1/event_log.proto are assumed here.
#ifndef PLAYHEAD_PROTO_EVENT_WIRE_H_
#define PLAYHEAD_PROTO_EVENT_WIRE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace playhead {

// The tag of `repeated Event events = 1` in responses and in stored blocks: field 1, length-delimited.
inline constexpr char kEventsTag = 0x0a;

// What the broker appends to each event: the tags of cursor (14, fixed64) and appended_at (15, sfixed64), each with its
// eight bytes. Of fixed size, so that they can be filled in place.
inline constexpr size_t kEventTrailerBytes = 18;

// Reads one varint at the front of `bytes` and removes it; nullopt (and `bytes` unspecified) if it is truncated or
// longer than 64 bits.
std::optional<uint64_t> ConsumeLongVarint(absl::string_view& bytes);
inline std::optional<uint64_t> ConsumeVarint(absl::string_view& bytes) {
  // Tags and most lengths take one or two bytes: not worth a call.
  if (!bytes.empty() && static_cast<uint8_t>(bytes[0]) < 0x80) {
    const auto value = static_cast<uint8_t>(bytes[0]);
    bytes.remove_prefix(1);
    return value;
  }
  if (bytes.size() > 1 && static_cast<uint8_t>(bytes[1]) < 0x80) {
    const auto value = static_cast<uint64_t>(static_cast<uint8_t>(bytes[0]) & 0x7f) |
                       static_cast<uint64_t>(static_cast<uint8_t>(bytes[1])) << 7;
    bytes.remove_prefix(2);
    return value;
  }
  return ConsumeLongVarint(bytes);
}

// Appends `value` as a varint.
void AppendVarint(uint64_t value, std::string& out);
size_t VarintBytes(uint64_t value);

// An event read in place. The views point into the parsed bytes, and are valid as long as those are.
struct EventView {
  absl::string_view type;
  absl::string_view id;
  int64_t created_at = 0;
  absl::string_view data;
  // In the order of the bytes; keys are unique in a stored event.
  absl::InlinedVector<std::pair<absl::string_view, absl::string_view>, 2> attributes;
  uint64_t cursor = 0;
  int64_t appended_at = 0;

  // Parses the encoding of one playhead.v1.Event. Unknown fields are skipped. False if the bytes are malformed; `*this`
  // is then unspecified.
  bool Parse(absl::string_view event);
};

// Whether two events have the same content: type, data, and attributes in any order. Times do not count: a publisher
// that repeats an event often gives it a new time.
bool SameContent(const EventView& a, const EventView& b);

// Takes the next event (without its tag and length) off the front of `events`, a run of `repeated Event events = 1`.
// nullopt at the end, and also when the bytes are malformed: then `events` is not empty.
inline std::optional<absl::string_view> ConsumeEvent(absl::string_view& events) {
  if (events.empty() || events[0] != kEventsTag) return std::nullopt;
  absl::string_view rest = events.substr(1);
  const auto size = ConsumeVarint(rest);
  if (!size || *size > rest.size()) return std::nullopt;
  events = absl::string_view(rest.data() + *size, rest.size() - *size);
  return absl::string_view(rest.data(), *size);
}

// An event as its publisher gives it: the fields of playhead.v1.Event that the broker does not set.
struct NewEvent {
  absl::string_view type;
  absl::string_view data;
  absl::string_view id = {};
  int64_t created_at = 0;
  absl::InlinedVector<std::pair<absl::string_view, absl::string_view>, 2> attributes = {};
};

// Appends `event` to `out` as one element of a repeated field whose tag is `tag` (a single byte).
void AppendEvent(const NewEvent& event, char tag, std::string& out);

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_EVENT_WIRE_H_
