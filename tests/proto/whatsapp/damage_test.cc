// Every value of every kind of event in turn is replaced by an invalid one. The part that contains it becomes absent,
// never half present; all other parts stay as they are.
#include <google/protobuf/message.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <fstream>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/webhook/body.h"
#include "proto/errors.h"
#include "proto/whatsapp/content.h"

namespace playhead::whatsapp {
namespace {

namespace json = boost::json;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::util::MessageDifferencer;

// The first event of each kind of message and status in the corpus.
std::map<std::string, std::string> EventOfEachKind() {
  std::map<std::string, std::string> events;
  std::ifstream corpus("tests/data/meta_webhooks.ndjson");
  for (std::string body; std::getline(corpus, body);) {
    const auto split = broker::webhook::SplitBody(body);
    for (const broker::webhook::BodyEvent& event : *split) {
      const std::string data = event.data();
      const json::value value = json::parse(data);
      const json::object& root = value.as_object();
      std::string kind = event.type;
      if (const auto* const message = root.if_contains("message")) {
        absl::StrAppend(&kind, ".", std::string(message->at("type").as_string()));
        for (const char* extra : {"context", "referral"}) {
          if (message->as_object().contains(extra)) absl::StrAppend(&kind, "+", extra);
        }
        if (message->as_object().contains("interactive")) {
          absl::StrAppend(&kind, ".", std::string(message->at("interactive").at("type").as_string()));
        }
      } else if (root.at("status").as_object().contains("conversation")) {
        absl::StrAppend(&kind, "+conversation");
      }
      events.emplace(kind, data);
    }
  }
  return events;
}

// Values that cannot stand where `value` does. (Numbers and strings stand for each other.)
std::vector<json::value> WrongKinds(const json::value& value) {
  if (value.is_object()) return {json::array(), "x", 7, true};
  if (value.is_array()) return {json::object(), "x", 7, true};
  if (value.is_bool()) return {json::object(), json::array(), "true", 1};
  return {json::object(), json::array(), true};
}

// Calls `check` with each value below `node` replaced.
void DamageBelow(json::value& node, const std::function<void()>& check) {
  const auto damage = [&](json::value& child) {
    const json::value right = child;
    for (const json::value& wrong : WrongKinds(right)) {
      child = wrong;
      check();
    }
    child = right;
    DamageBelow(child, check);
  };
  if (node.is_object()) {
    for (auto& member : node.get_object()) damage(member.value());
  } else if (node.is_array()) {
    for (json::value& element : node.get_array()) damage(element);
  }
}

// Whether a field of `damaged` is what it is in `whole`, or absent.
bool IsWholeOrAbsent(const FieldDescriptor& field, const Message& damaged, const Message& whole) {
  const auto& reflection = *damaged.GetReflection();
  const bool absent =
      field.is_repeated() ? reflection.FieldSize(damaged, &field) == 0 : !reflection.HasField(damaged, &field);
  if (absent) return true;
  MessageDifferencer differencer;
  return differencer.CompareWithFields(damaged, whole, {&field}, {&field});
}

// Damages every value of `data`, and counts the results.
template <typename Proto>
void ExpectWholeOrAbsent(const std::string& data, absl::StatusOr<Proto> (*parse)(absl::string_view),
                         std::map<std::string, int>& counts) {
  const auto whole = parse(data);
  ASSERT_TRUE(whole.ok()) << whole.status();
  json::value root = json::parse(data);
  DamageBelow(root, [&] {
    const std::string text = json::serialize(root);
    const auto damaged = parse(text);
    if (!damaged.ok()) {
      ++counts["error"];
      EXPECT_TRUE(HasReason(damaged.status(), Reason::kEventInvalid)) << text << damaged.status();
      return;
    }
    ++counts[MessageDifferencer::Equals(*damaged, *whole) ? "unchanged" : "part absent"];
    for (int i = 0; i < whole->GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor& field = *whole->GetDescriptor()->field(i);
      if (field.name() == "type") continue;  // Renamed when its content is absent.
      EXPECT_TRUE(IsWholeOrAbsent(field, *damaged, *whole)) << field.name() << " of " << text;
    }
  });
}

TEST(DamageTest, APartIsWholeOrAbsent) {
  std::map<std::string, int> counts;
  for (const auto& [kind, data] : EventOfEachKind()) {
    SCOPED_TRACE(kind);
    if (absl::StartsWith(kind, "message.")) {
      ExpectWholeOrAbsent(data, &ParseMessage, counts);
    } else {
      ExpectWholeOrAbsent(data, &ParseStatus, counts);
    }
  }
  for (const char* result : {"error", "unchanged", "part absent"}) EXPECT_GE(counts[result], 100) << result;
}

}  // namespace
}  // namespace playhead::whatsapp
