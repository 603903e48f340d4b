#include "storage/append_validator.h"

#include <simdjson.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/container/inlined_vector.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "proto/upstream_gap.h"

namespace playhead::storage {
namespace {

// Tags of playhead.v1.AppendRequest, Producer and Event: field number << 3 | wire type.
enum RequestTag : uint64_t { kInstance = 0x0a, kEvents = 0x12, kExpectedCursor = 0x18, kProducer = 0x22 };
enum ProducerTag : uint64_t { kProducerId = 0x0a, kProducerSequence = 0x10 };
enum EventTag : uint64_t { kType = 0x0a, kId = 0x12, kCreatedAt = 0x18, kData = 0x22, kAttributes = 0x2a };
enum EntryTag : uint64_t { kKey = 0x0a, kValue = 0x12 };
constexpr uint64_t kCursorField = 14;
constexpr uint64_t kAppendedAtField = 15;
constexpr uint64_t kFieldNumberMax = (uint64_t{1} << 29) - 1;
// Bytes of a request besides its events: their tags and lengths, the name, the producer.
constexpr size_t kRequestOverheadMax = size_t{64} << 10;

bool IsUtf8(absl::string_view text) { return simdjson::validate_utf8(text.data(), text.size()); }

bool HasControlCharacter(absl::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<uint8_t>(c) < 0x20 || c == 0x7f; });
}

// One pass over the fields of one message. A field that must occur once sets its bit in `seen_`.
class FieldReader {
 public:
  FieldReader(absl::string_view bytes, absl::string_view message) : rest_(bytes), message_(message) {}

  bool at_end() const { return rest_.empty(); }

  absl::StatusOr<uint64_t> Tag() {
    const auto tag = ConsumeShortVarint();
    if (!tag || *tag >> 3 == 0 || *tag >> 3 > kFieldNumberMax) return Malformed("a field's tag is cut or impossible");
    return *tag;
  }

  absl::StatusOr<absl::string_view> Bytes() {
    const auto size = ConsumeShortVarint();
    if (!size || *size > rest_.size()) return Malformed("a field is cut short");
    const absl::string_view field = rest_.substr(0, *size);
    rest_.remove_prefix(*size);
    return field;
  }

  absl::StatusOr<uint64_t> Varint() {
    const auto value = ConsumeVarint(rest_);
    if (!value) return Malformed("a number is cut short or over 64 bits");
    return *value;
  }

  // Refuses a second occurrence: the generated parser would silently keep the last one.
  absl::Status Once(uint64_t tag) {
    const uint32_t bit = uint32_t{1} << (tag >> 3);
    if ((seen_ & bit) != 0) return Malformed(absl::StrCat("field ", tag >> 3, " occurs twice"));
    seen_ |= bit;
    return absl::OkStatus();
  }

  absl::Status Unknown(uint64_t tag) const {
    return Malformed(absl::StrCat("field ", tag >> 3, " with wire type ", tag & 7, " is not known to this version"));
  }

  absl::Status Malformed(absl::string_view what) const {
    return MakeError(Reason::kMalformedRequest, absl::StrCat(message_, ": ", what));
  }

 private:
  // The generated parser reads tags and lengths of at most five bytes, even if further bytes would add only zeros.
  std::optional<uint64_t> ConsumeShortVarint() {
    constexpr size_t kBytesMax = 5;
    const size_t before = rest_.size();
    const auto value = ConsumeVarint(rest_);
    return before - rest_.size() <= kBytesMax ? value : std::nullopt;
  }

  absl::string_view rest_;
  const absl::string_view message_;
  uint32_t seen_ = 0;
};

#define RETURN_IF_ERROR(expression)                       \
  if (absl::Status status = (expression); !status.ok()) { \
    return status;                                        \
  }
#define ASSIGN_OR_RETURN(declaration, expression)               \
  auto declaration##_or = (expression);                         \
  if (!declaration##_or.ok()) return declaration##_or.status(); \
  const auto declaration = *std::move(declaration##_or)

class EventChecker {
 public:
  EventChecker(absl::string_view request, const AppendLimits& limits) : request_(request), limits_(limits) {}

  // `index` only names the event in messages.
  absl::StatusOr<EventSpan> Check(absl::string_view event, size_t index) {
    index_ = index;
    if (event.size() + kEventTrailerBytes > limits_.event_bytes_max) {
      return MakeError(Reason::kEventTooLarge, absl::StrCat("event ", index, " has ", event.size() + kEventTrailerBytes,
                                                            " bytes encoded, with the broker's fields; at most ",
                                                            limits_.event_bytes_max, " are allowed"));
    }
    EventSpan span{};
    span.offset = Offset(event);
    span.size = static_cast<uint32_t>(event.size());
    keys_.clear();
    attributes_bytes_ = 0;
    bool is_upstream_gap = false;
    absl::string_view data;
    FieldReader fields(event, "Event");
    while (!fields.at_end()) {
      ASSIGN_OR_RETURN(tag, fields.Tag());
      switch (tag) {
        case kType: {
          RETURN_IF_ERROR(fields.Once(tag));
          ASSIGN_OR_RETURN(type, fields.Bytes());
          if (type.empty() || type.size() > kTypeBytesMax || !IsUtf8(type) || HasControlCharacter(type)) {
            return Invalid("type", absl::StrCat("1 to ", kTypeBytesMax, " bytes of UTF-8 without control characters"));
          }
          if (!limits_.own_types && absl::StartsWith(type, kOwnTypesPrefix)) {
            if (type != kUpstreamGapType) {
              return Invalid("type", absl::StrCat("names that begin with `", kOwnTypesPrefix,
                                                  "` are the broker's own: choose another"));
            }
            is_upstream_gap = true;
          }
          span.type_offset = Offset(type);
          span.type_size = static_cast<uint8_t>(type.size());
          break;
        }
        case kId: {
          RETURN_IF_ERROR(fields.Once(tag));
          ASSIGN_OR_RETURN(id, fields.Bytes());
          if (id.size() > kEventIdBytesMax || !IsUtf8(id)) {
            return Invalid("id", absl::StrCat("at most ", kEventIdBytesMax, " bytes of UTF-8"));
          }
          span.id_offset = Offset(id);
          span.id_size = static_cast<uint16_t>(id.size());
          break;
        }
        case kCreatedAt: {
          RETURN_IF_ERROR(fields.Once(tag));
          RETURN_IF_ERROR(fields.Varint().status());
          break;
        }
        case kData: {
          RETURN_IF_ERROR(fields.Once(tag));
          ASSIGN_OR_RETURN(bytes, fields.Bytes());
          data = bytes;
          break;
        }
        case kAttributes: {
          ASSIGN_OR_RETURN(entry, fields.Bytes());
          RETURN_IF_ERROR(CheckAttribute(entry, span));
          break;
        }
        default:
          if (tag >> 3 == kCursorField || tag >> 3 == kAppendedAtField) {
            return MakeError(Reason::kBrokerFieldSet, absl::StrCat("event ", index, " sets ",
                                                                   tag >> 3 == kCursorField ? "cursor" : "appended_at",
                                                                   ", which only the broker sets: leave it out"));
          }
          return fields.Unknown(tag);
      }
    }
    if (span.type_size == 0) return Invalid("type", "required");
    if (is_upstream_gap) RETURN_IF_ERROR(CheckUpstreamGapAt(data));
    return span;
  }

 private:
  absl::Status CheckAttribute(absl::string_view entry, EventSpan& span) {
    absl::string_view key;
    absl::string_view value;
    FieldReader fields(entry, "Event.attributes");
    while (!fields.at_end()) {
      ASSIGN_OR_RETURN(tag, fields.Tag());
      if (tag != kKey && tag != kValue) return fields.Unknown(tag);
      RETURN_IF_ERROR(fields.Once(tag));
      ASSIGN_OR_RETURN(text, fields.Bytes());
      (tag == kKey ? key : value) = text;
    }
    attributes_bytes_ += key.size() + value.size();
    if (keys_.size() == kAttributesMax || attributes_bytes_ > kAttributesBytesMax) {
      return Invalid("attributes", absl::StrCat("at most ", kAttributesMax, " entries with ", kAttributesBytesMax,
                                                " bytes of keys and values together"));
    }
    if (key.empty() || key.size() > kAttributeKeyBytesMax || !IsUtf8(key) || !IsUtf8(value)) {
      return Invalid("attributes",
                     absl::StrCat("UTF-8, with keys of 1 to ", kAttributeKeyBytesMax, " bytes, are allowed"));
    }
    if (std::find(keys_.begin(), keys_.end(), key) != keys_.end())
      return Invalid("attributes", "each key at most once");
    keys_.push_back(key);
    if (key == "dialect") {
      if (value.size() > kTypeBytesMax) return Invalid("dialect", absl::StrCat("at most ", kTypeBytesMax, " bytes"));
      span.dialect_offset = Offset(value);
      span.dialect_size = static_cast<uint8_t>(value.size());
    }
    return absl::OkStatus();
  }

  absl::Status CheckUpstreamGapAt(absl::string_view data) const {
    const auto gap = ParseUpstreamGap(data);
    if (gap.ok()) return absl::OkStatus();
    return MakeError(Reason::kEventInvalid, absl::StrCat("event ", index_, ": ", gap.status().message()));
  }

  absl::Status Invalid(absl::string_view field, absl::string_view allowed) const {
    return MakeError(Reason::kEventInvalid, absl::StrCat("event ", index_, ": ", field, ": ", allowed));
  }

  // An empty view may have no address; its offset is never used.
  uint32_t Offset(absl::string_view part) const {
    return part.empty() ? 0 : static_cast<uint32_t>(part.data() - request_.data());
  }

  const absl::string_view request_;
  const AppendLimits& limits_;
  size_t index_ = 0;
  absl::InlinedVector<absl::string_view, kAttributesMax> keys_;
  size_t attributes_bytes_ = 0;
};

absl::StatusOr<ProducerSequence> CheckProducer(absl::string_view producer) {
  ProducerSequence out{"", 0};
  FieldReader fields(producer, "Producer");
  while (!fields.at_end()) {
    ASSIGN_OR_RETURN(tag, fields.Tag());
    if (tag == kProducerId) {
      RETURN_IF_ERROR(fields.Once(tag));
      ASSIGN_OR_RETURN(id, fields.Bytes());
      out.producer_id = std::string(id);
    } else if (tag == kProducerSequence) {
      RETURN_IF_ERROR(fields.Once(tag));
      ASSIGN_OR_RETURN(sequence, fields.Varint());
      out.sequence = sequence;
    } else {
      return fields.Unknown(tag);
    }
  }
  return out;
}

}  // namespace

absl::StatusOr<AppendBatch> ParseAppendRequest(absl::string_view request, std::shared_ptr<const void> owner,
                                               const AppendLimits& limits) {
  if (request.size() > kBatchBytesMax + kRequestOverheadMax) {
    return MakeError(Reason::kBatchTooLarge,
                     absl::StrCat("the request has ", request.size(), " bytes; a batch of up to ", kBatchBytesMax,
                                  " bytes is allowed"));
  }
  AppendBatch batch;
  batch.owner = std::move(owner);
  batch.bytes = request;
  EventChecker checker(request, limits);
  FieldReader fields(request, "AppendRequest");
  size_t event_bytes = 0;
  while (!fields.at_end()) {
    ASSIGN_OR_RETURN(tag, fields.Tag());
    switch (tag) {
      case kInstance: {
        RETURN_IF_ERROR(fields.Once(tag));
        ASSIGN_OR_RETURN(name, fields.Bytes());
        batch.instance = std::string(name);
        break;
      }
      case kEvents: {
        ASSIGN_OR_RETURN(event, fields.Bytes());
        event_bytes += event.size();
        if (batch.events.size() == kBatchEventsMax || event_bytes > kBatchBytesMax) {
          return MakeError(Reason::kBatchTooLarge, absl::StrCat("a batch has at most ", kBatchEventsMax, " events and ",
                                                                kBatchBytesMax, " bytes"));
        }
        // Events of a batch tend to have one size, so the first predicts how many there are.
        if (batch.events.empty()) {
          batch.events.reserve(std::min(kBatchEventsMax, 1 + request.size() / std::max<size_t>(event.size(), 16)));
        }
        ASSIGN_OR_RETURN(span, checker.Check(event, batch.events.size()));
        batch.events.push_back(span);
        break;
      }
      case kExpectedCursor: {
        RETURN_IF_ERROR(fields.Once(tag));
        ASSIGN_OR_RETURN(cursor, fields.Varint());
        batch.expected_cursor = Cursor(cursor);
        break;
      }
      case kProducer: {
        RETURN_IF_ERROR(fields.Once(tag));
        ASSIGN_OR_RETURN(bytes, fields.Bytes());
        ASSIGN_OR_RETURN(producer, CheckProducer(bytes));
        batch.producer = producer;
        break;
      }
      default:
        return fields.Unknown(tag);
    }
  }
  return batch;
}

#undef ASSIGN_OR_RETURN
#undef RETURN_IF_ERROR

}  // namespace playhead::storage
