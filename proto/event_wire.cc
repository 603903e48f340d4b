#include "proto/event_wire.h"

#include <algorithm>
#include <cstring>

namespace playhead {
namespace {

// Tags of playhead.v1.Event: field number << 3 | wire type.
constexpr uint64_t kTypeTag = 1 << 3 | 2;
constexpr uint64_t kIdTag = 2 << 3 | 2;
constexpr uint64_t kCreatedAtTag = 3 << 3 | 0;
constexpr uint64_t kDataTag = 4 << 3 | 2;
constexpr uint64_t kAttributesTag = 5 << 3 | 2;
constexpr uint64_t kCursorTag = 14 << 3 | 1;
constexpr uint64_t kAppendedAtTag = 15 << 3 | 1;
constexpr uint64_t kMapKeyTag = 1 << 3 | 2;
constexpr uint64_t kMapValueTag = 2 << 3 | 2;

// Reads fields from the front of some bytes: the hottest loop of a subscriber. It uses plain pointers and reports
// failure as a bool: optionals of views go through memory, which was several times slower.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool at_end() const { return at_ == end_; }

  bool Varint(uint64_t& value) {
    value = 0;
    for (int shift = 0; at_ != end_ && shift < 70; shift += 7) {
      const auto byte = static_cast<uint8_t>(*at_++);
      if (shift == 63 && byte > 1) return false;
      value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return true;
    }
    return false;
  }

  bool Delimited(absl::string_view& field) {
    uint64_t size;
    if (!Varint(size) || size > left()) return false;
    field = absl::string_view(at_, size);
    at_ += size;
    return true;
  }

  bool Fixed64(uint64_t& value) {
    if (left() < sizeof(value)) return false;
    std::memcpy(&value, at_, sizeof(value));  // The wire is little-endian, and so is every machine we build for.
    at_ += sizeof(value);
    return true;
  }

  // Skips the value of a field with this tag.
  bool Skip(uint64_t tag) {
    uint64_t number;
    absl::string_view field;
    switch (tag & 7) {
      case 0:
        return Varint(number);
      case 1:
        return Fixed64(number);
      case 2:
        return Delimited(field);
      case 5:
        if (left() < 4) return false;
        at_ += 4;
        return true;
      default:
        return false;  // Groups do not occur in proto3.
    }
  }

 private:
  size_t left() const { return static_cast<size_t>(end_ - at_); }

  const char* at_;
  const char* const end_;
};

bool ParseAttribute(absl::string_view entry, std::pair<absl::string_view, absl::string_view>& out) {
  Reader reader(entry);
  while (!reader.at_end()) {
    uint64_t tag;
    if (!reader.Varint(tag)) return false;
    if (tag == kMapKeyTag || tag == kMapValueTag) {
      if (!reader.Delimited(tag == kMapKeyTag ? out.first : out.second)) return false;
    } else if (!reader.Skip(tag)) {
      return false;
    }
  }
  return true;
}

void AppendDelimited(char tag, absl::string_view field, std::string& out) {
  out.push_back(tag);
  AppendVarint(field.size(), out);
  out.append(field.data(), field.size());
}

size_t DelimitedBytes(absl::string_view field) { return 1 + VarintBytes(field.size()) + field.size(); }

size_t AttributeBytes(const std::pair<absl::string_view, absl::string_view>& attribute) {
  return DelimitedBytes(attribute.first) + DelimitedBytes(attribute.second);
}

}  // namespace

std::optional<uint64_t> ConsumeLongVarint(absl::string_view& bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size() && i < 10; ++i) {
    const auto byte = static_cast<uint8_t>(bytes[i]);
    if (i == 9 && byte > 1) return std::nullopt;
    value |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
    if (byte < 0x80) {
      bytes.remove_prefix(i + 1);
      return value;
    }
  }
  return std::nullopt;
}

void AppendVarint(uint64_t value, std::string& out) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

size_t VarintBytes(uint64_t value) {
  size_t bytes = 1;
  for (; value >= 0x80; value >>= 7) ++bytes;
  return bytes;
}

bool EventView::Parse(absl::string_view event) {
  type = id = data = {};
  created_at = appended_at = 0;
  cursor = 0;
  attributes.clear();
  Reader reader(event);
  while (!reader.at_end()) {
    uint64_t tag;
    uint64_t number;
    absl::string_view entry;
    if (!reader.Varint(tag)) return false;
    switch (tag) {
      case kTypeTag:
        if (!reader.Delimited(type)) return false;
        break;
      case kIdTag:
        if (!reader.Delimited(id)) return false;
        break;
      case kCreatedAtTag:
        if (!reader.Varint(number)) return false;
        created_at = static_cast<int64_t>(number);
        break;
      case kDataTag:
        if (!reader.Delimited(data)) return false;
        break;
      case kAttributesTag:
        if (!reader.Delimited(entry) || !ParseAttribute(entry, attributes.emplace_back())) return false;
        break;
      case kCursorTag:
        if (!reader.Fixed64(cursor)) return false;
        break;
      case kAppendedAtTag:
        if (!reader.Fixed64(number)) return false;
        appended_at = static_cast<int64_t>(number);
        break;
      default:
        if (!reader.Skip(tag)) return false;
    }
  }
  return true;
}

bool SameContent(const EventView& a, const EventView& b) {
  if (a.type != b.type || a.data != b.data || a.attributes.size() != b.attributes.size()) return false;
  return std::is_permutation(a.attributes.begin(), a.attributes.end(), b.attributes.begin());
}

void AppendEvent(const NewEvent& event, char tag, std::string& out) {
  size_t size = DelimitedBytes(event.type) + DelimitedBytes(event.data);
  if (!event.id.empty()) size += DelimitedBytes(event.id);
  if (event.created_at != 0) size += 1 + VarintBytes(static_cast<uint64_t>(event.created_at));
  for (const auto& attribute : event.attributes) {
    const size_t entry = AttributeBytes(attribute);
    size += 1 + VarintBytes(entry) + entry;
  }
  out.reserve(out.size() + 1 + VarintBytes(size) + size);
  out.push_back(tag);
  AppendVarint(size, out);
  AppendDelimited(kTypeTag, event.type, out);
  if (!event.id.empty()) AppendDelimited(kIdTag, event.id, out);
  if (event.created_at != 0) {
    out.push_back(kCreatedAtTag);
    AppendVarint(static_cast<uint64_t>(event.created_at), out);
  }
  AppendDelimited(kDataTag, event.data, out);
  for (const auto& attribute : event.attributes) {
    out.push_back(kAttributesTag);
    AppendVarint(AttributeBytes(attribute), out);
    AppendDelimited(kMapKeyTag, attribute.first, out);
    AppendDelimited(kMapValueTag, attribute.second, out);
  }
}

}  // namespace playhead
