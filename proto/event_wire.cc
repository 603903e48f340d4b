#include "proto/event_wire.h"

#include <algorithm>
#include <cstring>

#include "absl/base/attributes.h"

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

// Inlined by order: Parse is the hottest loop of a subscriber.
ABSL_ATTRIBUTE_ALWAYS_INLINE inline std::optional<absl::string_view> ConsumeDelimited(absl::string_view& bytes) {
  const auto size = ConsumeVarint(bytes);
  if (!size || *size > bytes.size()) return std::nullopt;
  const absl::string_view field = bytes.substr(0, *size);
  bytes.remove_prefix(*size);
  return field;
}

ABSL_ATTRIBUTE_ALWAYS_INLINE inline std::optional<uint64_t> ConsumeFixed64(absl::string_view& bytes) {
  if (bytes.size() < sizeof(uint64_t)) return std::nullopt;
  uint64_t value;
  std::memcpy(&value, bytes.data(), sizeof(value));  // The wire is little-endian, and so is every machine we build for.
  bytes.remove_prefix(sizeof(value));
  return value;
}

bool SkipField(uint64_t tag, absl::string_view& bytes) {
  switch (tag & 7) {
    case 0:
      return ConsumeVarint(bytes).has_value();
    case 1:
      return ConsumeFixed64(bytes).has_value();
    case 2:
      return ConsumeDelimited(bytes).has_value();
    case 5:
      if (bytes.size() < 4) return false;
      bytes.remove_prefix(4);
      return true;
    default:
      return false;  // Groups do not occur in proto3.
  }
}

bool ParseAttribute(absl::string_view entry, std::pair<absl::string_view, absl::string_view>& out) {
  while (!entry.empty()) {
    const auto tag = ConsumeVarint(entry);
    if (!tag) return false;
    if (*tag == kMapKeyTag || *tag == kMapValueTag) {
      const auto field = ConsumeDelimited(entry);
      if (!field) return false;
      (*tag == kMapKeyTag ? out.first : out.second) = *field;
    } else if (!SkipField(*tag, entry)) {
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
  while (!event.empty()) {
    const auto tag = ConsumeVarint(event);
    if (!tag) return false;
    switch (*tag) {
      case kTypeTag:
      case kIdTag:
      case kDataTag: {
        const auto field = ConsumeDelimited(event);
        if (!field) return false;
        (*tag == kTypeTag ? type : *tag == kIdTag ? id : data) = *field;
        break;
      }
      case kCreatedAtTag: {
        const auto value = ConsumeVarint(event);
        if (!value) return false;
        created_at = static_cast<int64_t>(*value);
        break;
      }
      case kAttributesTag: {
        const auto entry = ConsumeDelimited(event);
        if (!entry || !ParseAttribute(*entry, attributes.emplace_back())) return false;
        break;
      }
      case kCursorTag:
      case kAppendedAtTag: {
        const auto value = ConsumeFixed64(event);
        if (!value) return false;
        if (*tag == kCursorTag) {
          cursor = *value;
        } else {
          appended_at = static_cast<int64_t>(*value);
        }
        break;
      }
      default:
        if (!SkipField(*tag, event)) return false;
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
