// The whole corpus of webhooks: every message and status has its typed form, with the values that another JSON reader
// finds in the webhook. The comparison knows the mapping's renamings, but not its tables.
#include <google/protobuf/message.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "proto/whatsapp/content.h"

namespace playhead::whatsapp {
namespace {

namespace json = boost::json;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// Every leaf of a tree, by its path.
using Leaves = std::map<std::string, std::string>;

std::string NumberText(double number) { return absl::StrFormat("%.17g", number); }

void AddLeaves(const json::value& value, const std::string& path, Leaves& leaves) {
  if (value.is_object()) {
    for (const auto& member : value.get_object()) {
      AddLeaves(member.value(), absl::StrCat(path, ".", std::string(member.key())), leaves);
    }
  } else if (value.is_array()) {
    for (size_t i = 0; i < value.get_array().size(); ++i) {
      AddLeaves(value.get_array()[i], absl::StrCat(path, "[", i, "]"), leaves);
    }
  } else if (value.is_string()) {
    leaves[path] = std::string(value.get_string());
  } else {
    leaves[path] = value.is_bool() ? (value.get_bool() ? "true" : "false") : NumberText(value.to_number<double>());
  }
}

void AddLeaves(const Message& message, const std::string& path, Leaves& leaves);

// A field's value, or its element `at`.
void AddValue(const Message& message, const FieldDescriptor& field, int at, const std::string& path, Leaves& leaves) {
  const Reflection& reflection = *message.GetReflection();
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_MESSAGE:
      AddLeaves(at < 0 ? reflection.GetMessage(message, &field) : reflection.GetRepeatedMessage(message, &field, at),
                path, leaves);
      break;
    case FieldDescriptor::CPPTYPE_STRING:
      leaves[path] = reflection.GetString(message, &field);
      break;
    case FieldDescriptor::CPPTYPE_BOOL:
      leaves[path] = reflection.GetBool(message, &field) ? "true" : "false";
      break;
    case FieldDescriptor::CPPTYPE_INT32:
      leaves[path] = NumberText(reflection.GetInt32(message, &field));
      break;
    case FieldDescriptor::CPPTYPE_DOUBLE:
      leaves[path] = NumberText(reflection.GetDouble(message, &field));
      break;
    case FieldDescriptor::CPPTYPE_INT64:  // Of a Timestamp.
      leaves[path] = absl::StrCat(reflection.GetInt64(message, &field));
      break;
    case FieldDescriptor::CPPTYPE_ENUM: {
      std::string name = absl::AsciiStrToLower(reflection.GetEnum(message, &field)->name());
      leaves[path] = std::string(absl::StripPrefix(name, "message_status_"));
      break;
    }
    default:
      FAIL() << field.full_name();
  }
}

void AddLeaves(const Message& message, const std::string& path, Leaves& leaves) {
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    const std::string at = absl::StrCat(path, ".", field.name());
    if (field.is_repeated()) {
      for (int j = 0; j < reflection.FieldSize(message, &field); ++j) {
        AddValue(message, field, j, absl::StrCat(at, "[", j, "]"), leaves);
      }
    } else if (!field.has_presence() || reflection.HasField(message, &field)) {
      AddValue(message, field, -1, at, leaves);
    }
  }
}

// The names that differ, from the webhook's to the proto's, by how they end.
const std::map<std::string, std::string> kRenamed = {
    {".timestamp", ".timestamp.seconds"},
    {".profile.name", ".name"},
    {".error_data.details", ".details"},
    {".conversation.origin.type", ".conversation.origin_type"},
    {".conversation.expiration_timestamp", ".conversation.expiration.seconds"},
};
// What has no field.
constexpr const char* kNoField[] = {".referral.media_type", ".referral.image_url", ".referral.ctwa_clid"};

Leaves Expected(const json::value& object, const json::value* contact) {
  Leaves webhook;
  AddLeaves(object, "", webhook);
  if (contact != nullptr) AddLeaves(*contact, ".contact", webhook);
  for (const char* path : kNoField) webhook.erase(path);
  Leaves expected;
  for (const auto& [path, value] : webhook) {
    std::string renamed = path;
    for (const auto& [from, to] : kRenamed) {
      absl::string_view stem = path;
      if (absl::ConsumeSuffix(&stem, from)) renamed = absl::StrCat(stem, to);
    }
    expected[renamed] = value;
  }
  return expected;
}

// The proto's leaves, without the neutral values of what the webhook did not have.
Leaves Actual(const Message& message, const Leaves& expected) {
  Leaves actual;
  AddLeaves(message, "", actual);
  for (auto leaf = actual.begin(); leaf != actual.end();) {
    const bool neutral = leaf->second.empty() || leaf->second == "0" || leaf->second == "false";
    leaf = neutral && expected.count(leaf->first) == 0 ? actual.erase(leaf) : std::next(leaf);
  }
  return actual;
}

// The contact of a message's sender.
const json::value* ContactOf(const json::object& message, const json::object& value) {
  const json::value* const contacts = value.if_contains("contacts");
  if (contacts == nullptr) return nullptr;
  for (const json::value& contact : contacts->as_array()) {
    if (contact.at("wa_id") == message.at("from")) return &contact;
  }
  return contacts->as_array().size() == 1 ? &contacts->as_array()[0] : nullptr;
}

// As WhatsApp sends it: everything that is not ASCII escaped, in UTF-16.
std::string Escaped(const json::value& value) {
  const std::string text = json::serialize(value);
  std::string escaped;
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    if (lead < 0x80) {
      escaped.push_back(text[i++]);
      continue;
    }
    const size_t size = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    uint32_t character = lead & (0xffu >> (size + 1));
    for (size_t j = 1; j < size; ++j) character = character << 6 | (static_cast<unsigned char>(text[i + j]) & 0x3f);
    i += size;
    if (character >= 0x10000) {
      absl::StrAppendFormat(&escaped, "\\u%04x", 0xd800 + ((character - 0x10000) >> 10));
      character = 0xdc00 + ((character - 0x10000) & 0x3ff);
    }
    absl::StrAppendFormat(&escaped, "\\u%04x", character);
  }
  return escaped;
}

class CorpusTest : public ::testing::Test {
 protected:
  void ExpectMessage(const json::object& message, const json::object& value) {
    const json::value* const contact = ContactOf(message, value);
    json::object data{{"metadata", value.at("metadata")}, {"message", message}};
    if (contact != nullptr) data["contact"] = *contact;
    const auto parsed = ParseMessage(Escaped(data));
    ASSERT_TRUE(parsed.ok()) << parsed.status() << "\n" << Escaped(data);
    const Leaves expected = Expected(json::value(message), contact);
    ASSERT_EQ(Actual(*parsed, expected), expected) << Escaped(data);
    ++counts_[parsed->has_interactive() ? parsed->type() + "." + parsed->interactive().type() : parsed->type()];
    if (parsed->has_context()) ++counts_["+context"];
    if (parsed->has_referral()) ++counts_["+referral"];
    if (parsed->errors_size() > 0) ++counts_["+errors"];
    if (parsed->has_contact()) ++counts_["+contact"];
  }

  void ExpectStatus(const json::object& status, const json::object& value) {
    const json::object data{{"metadata", value.at("metadata")}, {"status", status}};
    const auto parsed = ParseStatus(Escaped(data));
    ASSERT_TRUE(parsed.ok()) << parsed.status() << "\n" << Escaped(data);
    const Leaves expected = Expected(json::value(status), nullptr);
    ASSERT_EQ(Actual(*parsed, expected), expected) << Escaped(data);
    ++counts_["status." + std::string(status.at("status").as_string())];
  }

  std::map<std::string, int> counts_;
};

TEST_F(CorpusTest, EveryValueIsThatOfTheWebhook) {
  std::ifstream corpus("tests/data/meta_webhooks.ndjson");
  for (std::string line; std::getline(corpus, line);) {
    const json::value body = json::parse(line);
    for (const json::value& entry : body.at("entry").as_array()) {
      for (const json::value& change : entry.at("changes").as_array()) {
        const json::object& value = change.at("value").as_object();
        for (const char* kind : {"messages", "statuses"}) {
          const json::value* const objects = value.if_contains(kind);
          if (objects == nullptr) continue;
          for (const json::value& object : objects->as_array()) {
            if (kind == std::string("messages")) {
              ASSERT_NO_FATAL_FAILURE(ExpectMessage(object.as_object(), value));
            } else {
              ASSERT_NO_FATAL_FAILURE(ExpectStatus(object.as_object(), value));
            }
          }
        }
      }
    }
  }
  const std::map<std::string, int> expected = {
      {"audio", 159},         {"button", 56},        {"contacts", 51},
      {"document", 114},      {"image", 225},        {"interactive.button_reply", 41},
      {"location", 95},       {"order", 32},         {"interactive.list_reply", 42},
      {"reaction", 126},      {"sticker", 80},       {"interactive.nfm_reply", 46},
      {"system", 28},         {"text", 1491},        {"unsupported", 20},
      {"video", 72},          {"+contact", 2678},    {"+context", 430},
      {"+errors", 20},        {"+referral", 90},     {"status.delivered", 820},
      {"status.failed", 181}, {"status.played", 58}, {"status.read", 583},
      {"status.sent", 718},
  };
  EXPECT_EQ(counts_, expected);
}

}  // namespace
}  // namespace playhead::whatsapp
