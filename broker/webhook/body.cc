#include "broker/webhook/body.h"

#include <simdjson.h>

#include <algorithm>
#include <string_view>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "proto/errors.h"
#include "proto/json_document.h"
#include "storage/event_log.h"
#include "storage/own_instances.h"

namespace playhead::broker::webhook {
namespace {

namespace ondemand = simdjson::ondemand;

// Buffers for larger bodies are freed after use.
constexpr size_t kKeptBufferBytesMax = size_t{256} << 10;

constexpr int64_t kSecondsMax = 253'402'300'799;  // The year 9999.

// The kinds of parts of a `value` that each become an event.
enum class Part { kMessage, kEcho, kStatus, kError };

struct Item {
  Part part;
  absl::string_view slice;
  bool is_object = false;
  std::string id;
  std::string kind;     // `type` of a message, `status` of a status.
  std::string contact;  // The wa_id of the other party.
  std::string participant;
  int64_t created_at = 0;
};

// A change's `value`, read in one pass, since its field may follow it.
struct Value {
  absl::string_view slice;
  absl::string_view metadata;
  std::string phone_number_id;
  std::vector<absl::string_view> contacts;
  absl::flat_hash_map<std::string, size_t> contact_of;  // By wa_id.
  std::vector<Item> items;
  int64_t created_at = 0;
  bool has_other_parts = false;  // Whether it has objects or arrays besides those above.
};

absl::string_view View(std::string_view text) { return {text.data(), text.size()}; }

// The text of a string; empty for anything else.
std::string Text(ondemand::value value) {
  std::string_view text;
  if (value.get_string().get(text) != 0) return "";
  return std::string(text);
}

// Seconds, as a string of digits or a number, in microseconds; 0 for anything else.
int64_t Time(ondemand::value value) {
  const std::string_view token = value.raw_json_token();
  absl::string_view digits = absl::StripAsciiWhitespace(View(token));
  if (absl::ConsumePrefix(&digits, "\"")) digits = digits.substr(0, digits.find('"'));
  int64_t seconds = 0;
  if (!absl::SimpleAtoi(digits, &seconds) || seconds < 0 || seconds > kSecondsMax) return 0;
  return seconds * 1'000'000;
}

bool IsContainer(ondemand::value& value) {
  ondemand::json_type type;
  return value.type().get(type) == 0 && (type == ondemand::json_type::object || type == ondemand::json_type::array);
}

// Whether `text` may be part of an event's type.
bool IsName(absl::string_view text, size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && std::none_of(text.begin(), text.end(), [](char c) {
    return absl::ascii_iscntrl(static_cast<unsigned char>(c));
  });
}

bool IsEventId(absl::string_view text) { return IsName(text, storage::kEventIdBytesMax); }

bool IsInstance(absl::string_view name) {
  // A body cannot name the broker's own instances.
  return storage::CheckInstanceName(name).ok() && !storage::IsOwnInstance(name);
}

std::string TypeOf(const Item& item) {
  switch (item.part) {
    case Part::kMessage:
      if (item.kind == "edit") return "message.edited";
      if (item.kind == "revoke") return "message.deleted";
      if (item.kind == "reaction") return "message.reaction";
      return "message.received";
    case Part::kEcho:
      return "message.sent";
    case Part::kStatus:
      for (const absl::string_view known : {"sent", "delivered", "read", "played", "failed"}) {
        if (item.kind == known) return absl::StrCat("status.", known);
      }
      return IsName(item.kind, 64) ? absl::StrCat("x.whatsapp.status.", item.kind) : "x.whatsapp.status";
    case Part::kError:
      return "account.error";
  }
  return std::string(kUnparsedType);
}

absl::string_view NameOf(Part part) {
  switch (part) {
    case Part::kMessage:
    case Part::kEcho:
      return "message";
    case Part::kStatus:
      return "status";
    case Part::kError:
      return "error";
  }
  return "value";
}

std::string IdOf(const Item& item, absl::string_view type) {
  if (item.part == Part::kError || item.id.empty()) return ContentId({type, item.slice});
  std::string id = item.id;
  if (item.part == Part::kStatus) {
    absl::StrAppend(&id, ":", item.kind, ":", item.contact);
    if (!item.participant.empty()) absl::StrAppend(&id, ":", item.participant);
  }
  return IsEventId(id) ? id : ContentId({id});
}

class Splitter {
 public:
  explicit Splitter(absl::string_view body) : body_(body) {}

  absl::StatusOr<std::vector<BodyEvent>> Split() {
    thread_local Buffers kept;
    if (body_.size() <= kKeptBufferBytesMax) return Split(kept);
    Buffers buffers;
    return Split(buffers);
  }

 private:
  // Parsing needs padding after the body, and memory for strings.
  struct Buffers {
    ondemand::parser parser;
    std::string padded;
  };

  static absl::Status Invalid(absl::string_view what) {
    return MakeError(Reason::kWebhookBodyInvalid, absl::StrCat("the webhook's body ", what));
  }

  absl::StatusOr<std::vector<BodyEvent>> Split(Buffers& buffers) {
    buffers.padded.reserve(body_.size() + simdjson::SIMDJSON_PADDING);
    buffers.padded.assign(body_.data(), body_.size());
    padded_ = buffers.padded.data();
    ondemand::document document;
    if (buffers.parser.iterate(padded_, body_.size(), buffers.padded.capacity()).get(document) != 0 ||
        !IsJsonObject(document)) {
      return Invalid(absl::StrCat("is not a JSON object of at most ", kJsonDepthMax, " levels"));
    }
    ondemand::object envelope;
    if (document.get_object().get(envelope) != 0) return Invalid("is not a JSON object");
    ondemand::array entries;
    for (auto member : envelope) {
      ondemand::value value;
      if (Key(member) != "entry" || member.value().get(value) != 0 || value.get_array().get(entries) != 0) continue;
      for (auto entry : entries) {
        if (entry.get(value) == 0) ReadEntry(value);
        if (is_too_much_) return Invalid(TooMuch());
      }
    }
    if (events_.empty()) return Invalid("has no entries");
    return std::move(events_);
  }

  static std::string TooMuch() {
    return absl::StrCat("has more than ", kBodyEventsMax, " messages and statuses, or makes more than ",
                        kBodyExpandedBytesMax, " bytes of them");
  }

  static std::string Key(simdjson::simdjson_result<ondemand::field>& member) {
    std::string_view key;
    return member.unescaped_key().get(key) == 0 ? std::string(key) : "";
  }

  // The slice of the body that `raw` is. An object or array can be iterated afterwards, once it is reset.
  absl::string_view Slice(std::string_view raw) const {
    return absl::StripTrailingAsciiWhitespace(body_.substr(static_cast<size_t>(raw.data() - padded_), raw.size()));
  }

  absl::string_view SliceOf(ondemand::value value) const {
    std::string_view raw;
    return simdjson::to_json_string(value).get(raw) == 0 ? Slice(raw) : absl::string_view();
  }

  void ReadEntry(ondemand::value value) {
    ondemand::object entry;
    if (value.get_object().get(entry) != 0) return KeepUnparsed("", SliceOf(value));
    std::string_view raw;
    bool is_walkable;
    if (entry.raw_json().get(raw) != 0 || entry.reset().get(is_walkable) != 0) return;
    // Both may follow the changes.
    std::string account;
    absl::string_view time;
    for (auto member : entry) {
      const std::string key = Key(member);
      ondemand::value part;
      if (member.value().get(part) != 0) continue;
      if (key == "id") account = Text(part);
      if (key == "time") time = SliceOf(part);
    }
    if (entry.reset().get(is_walkable) != 0) return;
    bool has_changes = false;
    for (auto member : entry) {
      ondemand::value part;
      ondemand::array changes;
      if (Key(member) != "changes" || member.value().get(part) != 0 || part.get_array().get(changes) != 0) continue;
      for (auto change : changes) {
        has_changes = true;
        if (change.get(part) == 0) ReadChange(part, account, time);
        if (is_too_much_) return;
      }
    }
    if (!has_changes) KeepUnparsed(account, Slice(raw));
  }

  void ReadChange(ondemand::value value, const std::string& account, absl::string_view time) {
    ondemand::object change;
    if (value.get_object().get(change) != 0) return KeepUnparsed(account, SliceOf(value));
    std::string_view raw;
    bool is_walkable;
    if (change.raw_json().get(raw) != 0 || change.reset().get(is_walkable) != 0) return;
    std::string field;
    absl::string_view field_slice;
    Value content;
    for (auto member : change) {
      const std::string key = Key(member);
      ondemand::value part;
      if (member.value().get(part) != 0) continue;
      if (key == "field") {
        field_slice = SliceOf(part);
        field = Text(part);
      } else if (key == "value") {
        content = ReadValue(part);
      }
    }
    const std::string instance = IsInstance(content.phone_number_id) ? content.phone_number_id : account;
    constexpr absl::string_view kOtherPrefix = "x.whatsapp.";
    if (content.slice.empty() || !IsName(field, storage::kTypeBytesMax - kOtherPrefix.size())) {
      return KeepUnparsed(instance, Slice(raw));
    }
    if (!AddItems(field, content, instance)) {
      BodyEvent event{.type = absl::StrCat(kOtherPrefix, field), .created_at = content.created_at};
      event.id = ContentId({event.type, content.slice, time});
      // The value contains it too; it is repeated so that readers find it in the same place as in other events.
      const bool fits = content.metadata.size() + content.slice.size() < kBodyBytesMax;
      if (!content.metadata.empty() && fits) event.members.push_back({"metadata", content.metadata});
      event.members.push_back({"field", field_slice});
      if (!time.empty()) event.members.push_back({"time", time});
      event.members.push_back({"value", content.slice});
      Add(instance, std::move(event));
    }
  }

  Value ReadValue(ondemand::value value) {
    Value out;
    ondemand::object object;
    if (value.get_object().get(object) != 0) return out;
    std::string_view raw;
    bool is_walkable;
    if (object.raw_json().get(raw) != 0 || object.reset().get(is_walkable) != 0) return out;
    out.slice = Slice(raw);
    for (auto member : object) {
      const std::string key = Key(member);
      ondemand::value part;
      if (member.value().get(part) != 0) continue;
      if (key == "metadata") {
        ReadMetadata(part, out);
      } else if (key == "contacts") {
        ReadContacts(part, out);
      } else if (key == "messages") {
        ReadItems(part, Part::kMessage, out);
      } else if (key == "message_echoes") {
        ReadItems(part, Part::kEcho, out);
      } else if (key == "statuses") {
        ReadItems(part, Part::kStatus, out);
      } else if (key == "errors") {
        ReadItems(part, Part::kError, out);
      } else if (key == "timestamp") {
        out.created_at = Time(part);
      } else if (IsContainer(part)) {
        out.has_other_parts = true;
      }
    }
    return out;
  }

  void ReadMetadata(ondemand::value value, Value& out) {
    ondemand::object metadata;
    std::string_view raw;
    bool is_walkable;
    if (value.get_object().get(metadata) != 0 || metadata.raw_json().get(raw) != 0 ||
        metadata.reset().get(is_walkable) != 0) {
      out.has_other_parts = true;
      return;
    }
    out.metadata = Slice(raw);
    for (auto member : metadata) {
      ondemand::value part;
      if (Key(member) == "phone_number_id" && member.value().get(part) == 0) out.phone_number_id = Text(part);
    }
  }

  void ReadContacts(ondemand::value value, Value& out) {
    ondemand::array contacts;
    if (value.get_array().get(contacts) != 0) {
      out.has_other_parts = true;
      return;
    }
    for (auto element : contacts) {
      ondemand::value contact_value;
      ondemand::object contact;
      std::string_view raw;
      bool is_walkable;
      if (element.get(contact_value) != 0 || contact_value.get_object().get(contact) != 0 ||
          contact.raw_json().get(raw) != 0 || contact.reset().get(is_walkable) != 0) {
        out.has_other_parts = true;
        continue;
      }
      for (auto member : contact) {
        ondemand::value part;
        if (Key(member) != "wa_id" || member.value().get(part) != 0) continue;
        out.contact_of.try_emplace(Text(part), out.contacts.size());
      }
      out.contacts.push_back(Slice(raw));
    }
  }

  void ReadItems(ondemand::value value, Part part, Value& out) {
    ondemand::array items;
    if (value.get_array().get(items) != 0) {
      out.has_other_parts = true;
      return;
    }
    for (auto element : items) {
      ondemand::value item;
      if (element.get(item) != 0) continue;
      if (out.items.size() + events_.size() >= kBodyEventsMax) {
        is_too_much_ = true;
        return;
      }
      out.items.push_back(ReadItem(item, part));
    }
  }

  Item ReadItem(ondemand::value value, Part part) {
    Item item{.part = part};
    ondemand::object object;
    if (value.get_object().get(object) != 0) {
      item.slice = SliceOf(value);
      return item;
    }
    std::string_view raw;
    bool is_walkable;
    if (object.raw_json().get(raw) != 0 || object.reset().get(is_walkable) != 0) return item;
    item.slice = Slice(raw);
    item.is_object = true;
    const absl::string_view contact_key = part == Part::kMessage ? "from" : part == Part::kEcho ? "to" : "recipient_id";
    const absl::string_view kind_key = part == Part::kStatus ? "status" : "type";
    for (auto member : object) {
      const std::string key = Key(member);
      ondemand::value field;
      if (member.value().get(field) != 0) continue;
      if (key == "id") {
        item.id = Text(field);
      } else if (key == "timestamp") {
        item.created_at = Time(field);
      } else if (key == kind_key) {
        item.kind = Text(field);
      } else if (key == contact_key) {
        item.contact = Text(field);
      } else if (key == "recipient_participant_id") {
        item.participant = Text(field);
      }
    }
    return item;
  }

  // Adds an event for each item. Returns false if the value has more than its items, or its field has none: then the
  // whole value is kept, too.
  bool AddItems(absl::string_view field, const Value& value, const std::string& instance) {
    const bool is_messages = field == "messages";
    const bool is_echoes = field == "smb_message_echoes";
    if (!is_messages && !is_echoes) return false;
    bool is_all = !value.items.empty() && !value.has_other_parts;
    for (const Item& item : value.items) {
      if (item.part == (is_messages ? Part::kEcho : Part::kMessage) || (is_echoes && item.part == Part::kStatus)) {
        is_all = false;
        continue;
      }
      BodyEvent event{.type = item.is_object ? TypeOf(item) : std::string(kUnparsedType),
                      .created_at = item.created_at};
      event.id = IdOf(item, event.type);
      if (!value.metadata.empty()) event.members.push_back({"metadata", value.metadata});
      const absl::string_view contact = item.part == Part::kError ? "" : ContactOf(item, value);
      if (!contact.empty()) event.members.push_back({"contact", contact});
      event.members.push_back({NameOf(item.part), item.slice});
      Add(instance, std::move(event));
    }
    return is_all;
  }

  // The contact of an item: the only one there is, or by number.
  static absl::string_view ContactOf(const Item& item, const Value& value) {
    if (value.contacts.size() == 1) return value.contacts[0];
    const auto found = value.contact_of.find(item.contact);
    return found == value.contact_of.end() ? absl::string_view() : value.contacts[found->second];
  }

  void KeepUnparsed(const std::string& instance, absl::string_view slice) {
    BodyEvent event{.type = std::string(kUnparsedType), .id = ContentId({kUnparsedType, slice})};
    event.members.push_back({"", slice});
    Add(instance, std::move(event));
  }

  void Add(const std::string& instance, BodyEvent event) {
    event.instance = IsInstance(instance) ? instance : std::string(kUnroutedInstance);
    expanded_bytes_ += event.data_bytes();
    is_too_much_ |= events_.size() >= kBodyEventsMax || expanded_bytes_ > kBodyExpandedBytesMax;
    if (!is_too_much_) events_.push_back(std::move(event));
  }

  const absl::string_view body_;
  const char* padded_ = nullptr;  // The copy of `body_` that is parsed.
  std::vector<BodyEvent> events_;
  size_t expanded_bytes_ = 0;
  bool is_too_much_ = false;
};

}  // namespace

absl::StatusOr<std::vector<BodyEvent>> SplitBody(absl::string_view body) { return Splitter(body).Split(); }

}  // namespace playhead::broker::webhook
