#include "tests/storage/append_mutations.h"

#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <iterator>

#include "absl/strings/str_cat.h"
#include "proto/event_wire.h"
#include "storage/append_validator.h"

namespace playhead::storage {
namespace {

using playhead::testing::Random;

std::string RandomText(Random& random, size_t size_max) {
  static constexpr const char* kPieces[] = {"a", "Z", "0", ".", "-", "é", "漢", "\U0001F600", " "};
  std::string text;
  const size_t size = random.Skewed(size_max);
  while (text.size() < size) text += kPieces[random.Below(std::size(kPieces))];
  return text;
}

std::string RandomName(Random& random) {
  return random.OneIn(20) ? RandomText(random, 20) : absl::StrCat("n.", random.Below(1000));
}

// The varint at `at`, with `extra` more bytes that say nothing.
void LengthenVarint(std::string& bytes, size_t at, size_t extra) {
  while (at < bytes.size() && static_cast<uint8_t>(bytes[at]) >= 0x80) ++at;
  if (at == bytes.size()) return;
  bytes[at] = static_cast<char>(bytes[at] | 0x80);
  bytes.insert(at + 1, std::string(extra - 1, '\x80') + std::string(1, '\0'));
}

bool HasUnknownFields(const google::protobuf::Message& message) {
  return !message.GetReflection()->GetUnknownFields(message).empty();
}

std::string Compare(const AppendBatch& batch, const v1::AppendRequest& parsed) {
  if (batch.instance != parsed.instance()) return "instance";
  if (batch.expected_cursor.has_value() != parsed.has_expected_cursor() ||
      batch.expected_cursor.value_or(Cursor()).value() != parsed.expected_cursor()) {
    return "expected_cursor";
  }
  if (batch.producer.has_value() != parsed.has_producer()) return "producer";
  if (batch.producer && (batch.producer->producer_id != parsed.producer().id() ||
                         batch.producer->sequence != parsed.producer().sequence())) {
    return "producer's fields";
  }
  if (batch.events.size() != static_cast<size_t>(parsed.events_size())) return "number of events";
  if (HasUnknownFields(parsed)) return "unknown fields";
  for (int i = 0; i < parsed.events_size(); ++i) {
    const v1::Event& event = parsed.events(i);
    const EventSpan& span = batch.events[static_cast<size_t>(i)];
    const auto dialect = event.attributes().find("dialect");
    if (batch.type(span) != event.type()) return "type";
    if (batch.id(span) != event.id()) return "id";
    if (batch.dialect(span) != (dialect == event.attributes().end() ? "" : dialect->second)) return "dialect";
    if (event.cursor() != 0 || event.appended_at() != 0) return "fields of the broker";
    if (HasUnknownFields(event)) return "unknown fields of an event";
    v1::Event alone;
    if (!alone.ParseFromArray(batch.event(span).data(), static_cast<int>(span.size))) return "event alone";
    EventView view;
    if (!view.Parse(batch.event(span))) return "event in place";
    if (view.type != event.type() || view.id != event.id() || view.created_at != event.created_at() ||
        view.data != event.data() || view.attributes.size() != event.attributes().size()) {
      return "fields in place";
    }
    for (const auto& [key, value] : view.attributes) {
      const auto found = event.attributes().find(std::string(key));
      if (found == event.attributes().end() || found->second != value) return "attributes in place";
    }
  }
  return "";
}

}  // namespace

v1::AppendRequest RandomAppendRequest(Random& random) {
  v1::AppendRequest request;
  if (!random.OneIn(100)) request.set_instance(RandomName(random));
  for (uint64_t n = 1 + random.Skewed(6); n > 0; --n) {
    v1::Event& event = *request.add_events();
    if (!random.OneIn(100)) event.set_type(absl::StrCat("t", RandomText(random, random.OneIn(10) ? 140 : 12)));
    if (random.OneIn(2)) event.set_id(RandomText(random, random.OneIn(10) ? 260 : 20));
    if (random.OneIn(2)) event.set_created_at(static_cast<int64_t>(random.Below(UINT64_MAX)));
    for (uint64_t bytes = random.Skewed(300); bytes > 0; --bytes) {
      event.mutable_data()->push_back(static_cast<char>(random.Below(256)));
    }
    for (uint64_t a = random.OneIn(20) ? 40 : random.Skewed(4); a > 0; --a) {
      (*event.mutable_attributes())[absl::StrCat("k", RandomText(random, 130))] = RandomText(random, 30);
    }
    if (random.OneIn(4)) (*event.mutable_attributes())["dialect"] = RandomText(random, 20);
    if (random.OneIn(60)) event.set_cursor(1);
    if (random.OneIn(60)) event.set_appended_at(1);
  }
  if (random.OneIn(4)) request.set_expected_cursor(random.Below(1000));
  if (random.OneIn(4)) {
    request.mutable_producer()->set_id(RandomName(random));
    request.mutable_producer()->set_sequence(random.Below(1000));
  }
  return request;
}

std::string Mutated(std::string bytes, Random& random) {
  for (uint64_t n = 1 + random.Skewed(4); n > 0 && !bytes.empty(); --n) {
    const size_t at = random.Below(bytes.size());
    switch (random.Below(7)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << random.Below(8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(random.Below(256));
        break;
      case 2:
        bytes.resize(at);
        break;
      case 3:
        bytes.erase(at, 1 + random.Below(4));
        break;
      case 4:
        bytes.insert(at, 1, static_cast<char>(random.Below(256)));
        break;
      case 5:
        bytes.insert(at, bytes.substr(random.Below(bytes.size()), random.Below(20)));
        break;
      default:
        LengthenVarint(bytes, at, 1 + random.Below(9));
    }
  }
  return bytes;
}

std::string CheckAgainstParser(absl::string_view request, bool& admitted) {
  const auto batch = ParseAppendRequest(request, nullptr, AppendLimits{});
  admitted = batch.ok() && CheckAppendBatch(*batch).ok();
  if (!admitted) return "";
  v1::AppendRequest parsed;
  if (!parsed.ParseFromArray(request.data(), static_cast<int>(request.size()))) return "the parser refuses it";
  return Compare(*batch, parsed);
}

}  // namespace playhead::storage
