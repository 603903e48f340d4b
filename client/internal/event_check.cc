#include "client/internal/event_check.h"

#include <simdjson.h>

#include <algorithm>
#include <cstdint>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/upstream_gap.h"

namespace playhead::internal {
namespace {

constexpr size_t kInstanceNameBytesMax = 200;
constexpr size_t kProducerIdBytesMax = 64;
constexpr size_t kTypeBytesMax = 128;
constexpr size_t kEventIdBytesMax = 256;
constexpr size_t kAttributesMax = 32;
constexpr size_t kAttributeKeyBytesMax = 128;
constexpr size_t kAttributesBytesMax = 4096;

bool IsName(absl::string_view name, size_t bytes_max) {
  return !name.empty() && name.size() <= bytes_max && std::all_of(name.begin(), name.end(), [](char c) {
    return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
           absl::string_view("._:@+-").find(c) != absl::string_view::npos;
  });
}

bool IsUtf8(absl::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

bool HasControlCharacter(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; });
}

absl::Status Invalid(absl::string_view field, absl::string_view allowed) {
  return MakeError(Reason::kEventInvalid, absl::StrCat(field, ": ", allowed));
}

absl::Status CheckAttributes(const NewEvent& event) {
  size_t bytes = 0;
  for (auto attribute = event.attributes.begin(); attribute != event.attributes.end(); ++attribute) {
    const auto& [key, value] = *attribute;
    bytes += key.size() + value.size();
    if (key.empty() || key.size() > kAttributeKeyBytesMax || !IsUtf8(key) || !IsUtf8(value)) {
      return Invalid("attributes", absl::StrCat("UTF-8, with keys of 1 to ", kAttributeKeyBytesMax, " bytes"));
    }
    if (key == "dialect" && value.size() > kTypeBytesMax) {
      return Invalid("dialect", absl::StrCat("at most ", kTypeBytesMax, " bytes"));
    }
    const auto same_key = [&key = key](const auto& other) { return other.first == key; };
    if (std::any_of(event.attributes.begin(), attribute, same_key))
      return Invalid("attributes", "each key at most once");
  }
  if (event.attributes.size() > kAttributesMax || bytes > kAttributesBytesMax) {
    return Invalid("attributes", absl::StrCat("at most ", kAttributesMax, " entries with ", kAttributesBytesMax,
                                              " bytes of keys and values together"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckInstanceName(absl::string_view name) {
  if (IsName(name, kInstanceNameBytesMax)) return absl::OkStatus();
  return MakeError(Reason::kInstanceNameInvalid,
                   absl::StrCat("an instance's name has 1 to ", kInstanceNameBytesMax,
                                " bytes of [A-Za-z0-9._:@+-]; this one has ", name.size(), " bytes"));
}

absl::Status CheckProducerId(absl::string_view id) {
  if (IsName(id, kProducerIdBytesMax)) return absl::OkStatus();
  return MakeError(Reason::kProducerInvalid,
                   absl::StrCat("a producer's id has 1 to ", kProducerIdBytesMax, " bytes of [A-Za-z0-9._:@+-]"));
}

absl::Status CheckNewEvent(const NewEvent& event) {
  if (event.type.empty() || event.type.size() > kTypeBytesMax || !IsUtf8(event.type) ||
      HasControlCharacter(event.type)) {
    return Invalid("type", absl::StrCat("1 to ", kTypeBytesMax, " bytes of UTF-8 without control characters"));
  }
  if (absl::StartsWith(event.type, "playhead.")) {
    if (event.type != kUpstreamGapType) {
      return Invalid("type", "names that begin with `playhead.` are the broker's own: choose another");
    }
    if (const auto gap = ParseUpstreamGap(event.data); !gap.ok()) return gap.status();
  }
  if (event.id.size() > kEventIdBytesMax || !IsUtf8(event.id)) {
    return Invalid("id", absl::StrCat("at most ", kEventIdBytesMax, " bytes of UTF-8"));
  }
  if (!event.attributes.empty()) {
    if (absl::Status status = CheckAttributes(event); !status.ok()) return status;
  }
  if (const size_t bytes = EncodedBytesBound(event); bytes > kEventBytesCeiling) {
    return MakeError(Reason::kEventTooLarge, absl::StrCat("the event has about ", bytes, " bytes encoded; at most ",
                                                          kEventBytesCeiling, " can be allowed"));
  }
  return absl::OkStatus();
}

size_t EncodedBytesBound(const NewEvent& event) {
  constexpr size_t kTagAndLength = 6;
  size_t bytes = 3 * kTagAndLength + event.type.size() + event.id.size() + event.data.size() + 11 + kTagAndLength;
  for (const auto& [key, value] : event.attributes) bytes += 3 * kTagAndLength + key.size() + value.size();
  return bytes + kEventTrailerBytes;
}

}  // namespace playhead::internal
