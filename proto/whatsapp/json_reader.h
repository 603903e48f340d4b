// Reads JSON into protos by tables: a row for each key of an object names the field that it sets.
//
//   constexpr Field<v1::Pricing> kPricing[] = {
//       {"billable", Flag<&v1::Pricing::set_billable>},
//       {"category", Text<&v1::Pricing::mutable_category>},
//   };
//   Reading reading = ReadObject(value, kPricing, pricing);
//
// Values are read by the rules of content.h. Keys without a row are skipped.
#ifndef PLAYHEAD_PROTO_WHATSAPP_JSON_READER_H_
#define PLAYHEAD_PROTO_WHATSAPP_JSON_READER_H_

#include <google/protobuf/timestamp.pb.h>
#include <simdjson.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"

namespace playhead::whatsapp {

using Value = simdjson::ondemand::value;

enum class Reading {
  kDone,
  kWrongKind,  // Wrong type for the field. The proto is half filled: its owner drops it.
  kDamaged,    // Not JSON: nothing after it can be read either.
};

using FieldVisitor = absl::FunctionRef<Reading(std::string_view key, Value& value)>;

// Calls `visit` for each field of the object `data`, until a call does not return kDone.
Reading ReadDocument(absl::string_view data, FieldVisitor visit);

// The same for an object inside a document. Nulls are skipped, here and in arrays.
Reading ForEachField(Value& object, FieldVisitor visit);
Reading ForEachElement(Value& array, absl::FunctionRef<Reading(Value& element)> visit);

Reading ReadText(Value& value, std::string& text);
Reading ReadNumber(Value& value, double& number);
Reading ReadNumber(Value& value, int32_t& number);
Reading ReadFlag(Value& value, bool& flag);
Reading ReadTime(Value& value, google::protobuf::Timestamp& time);

// A row: how the value of `key` is read into the message.
template <typename Message>
struct Field {
  std::string_view key;
  Reading (*read)(Value& value, Message& message);
};

template <typename Message, size_t kCount>
Reading ReadObject(Value& value, const Field<Message> (&fields)[kCount], Message& message) {
  return ForEachField(value, [&](std::string_view key, Value& member) {
    for (const Field<Message>& field : fields) {
      if (field.key == key) return field.read(member, message);
    }
    return Reading::kDone;
  });
}

// The message class of an accessor, and the argument type of a setter.
template <typename Accessor>
struct AccessorTraits;
template <typename Result, typename Owner>
struct AccessorTraits<Result* (Owner::*)()> {
  using Message = Owner;
};
template <typename Argument, typename Owner>
struct AccessorTraits<void (Owner::*)(Argument)> {
  using Message = Owner;
  using Type = Argument;
};
template <auto kAccessor>
using MessageOf = typename AccessorTraits<decltype(kAccessor)>::Message;

// The readers for rows. kMutable, kSet and kAdd are the generated accessors of one field.
template <auto kMutable>
Reading Text(Value& value, MessageOf<kMutable>& message) {
  return ReadText(value, *(message.*kMutable)());
}

template <auto kMutable>
Reading Time(Value& value, MessageOf<kMutable>& message) {
  return ReadTime(value, *(message.*kMutable)());
}

template <auto kSet>
Reading Number(Value& value, MessageOf<kSet>& message) {
  typename AccessorTraits<decltype(kSet)>::Type number = 0;
  const Reading reading = ReadNumber(value, number);
  (message.*kSet)(number);
  return reading;
}

template <auto kSet>
Reading Flag(Value& value, MessageOf<kSet>& message) {
  bool flag = false;
  const Reading reading = ReadFlag(value, flag);
  (message.*kSet)(flag);
  return reading;
}

// An object that is a message field.
template <auto kMutable, const auto& kFields>
Reading Object(Value& value, MessageOf<kMutable>& message) {
  auto& part = *(message.*kMutable)();
  part.Clear();
  return ReadObject(value, kFields, part);
}

// An object whose fields are fields of the enclosing message.
template <typename Message, const auto& kFields>
Reading Inlined(Value& value, Message& message) {
  return ReadObject(value, kFields, message);
}

// An array of objects.
template <auto kAdd, auto kClear, const auto& kFields>
Reading List(Value& value, MessageOf<kAdd>& message) {
  (message.*kClear)();
  return ForEachElement(value, [&](Value& element) { return ReadObject(element, kFields, *(message.*kAdd)()); });
}

// A row for a part of a message that is dropped if it cannot be read.
template <typename Message>
struct Part {
  std::string_view key;
  Reading (*read)(Value& value, Message& message);
  void (Message::*clear)();
};

// Never returns kWrongKind.
template <typename Message, size_t kCount>
Reading ReadPart(std::string_view key, Value& value, const Part<Message> (&parts)[kCount], Message& message) {
  for (const Part<Message>& part : parts) {
    if (part.key != key) continue;
    const Reading reading = part.read(value, message);
    if (reading != Reading::kWrongKind) return reading;
    (message.*part.clear)();
    return Reading::kDone;
  }
  return Reading::kDone;
}

// Returns kWrongKind only if `value` is not an object.
template <typename Message, size_t kCount>
Reading ReadParts(Value& value, const Part<Message> (&parts)[kCount], Message& message) {
  return ForEachField(value,
                      [&](std::string_view key, Value& member) { return ReadPart(key, member, parts, message); });
}

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_PROTO_WHATSAPP_JSON_READER_H_
