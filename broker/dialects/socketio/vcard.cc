#include "broker/dialects/socketio/vcard.h"

#include <initializer_list>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "broker/model/json.h"

namespace playhead::broker::socketio {
namespace {

namespace json = boost::json;
using model::Elements;
using model::Find;
using model::Text;

std::string Escaped(const std::string& text) {
  return absl::StrReplaceAll(
      text, {{"\\", "\\\\"}, {"\r\n", "\\n"}, {"\r", "\\n"}, {"\n", "\\n"}, {",", "\\,"}, {";", "\\;"}});
}

// The value of a parameter, reduced to a word, so that it cannot end the line or start another.
std::string Word(const std::string& text) {
  std::string word;
  for (const char c : text) {
    if (absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-') word.push_back(c);
  }
  return word;
}

void AddLine(std::string& card, const std::string& name, const std::string& value) {
  if (!value.empty()) absl::StrAppend(&card, name, ":", value, "\n");
}

std::string WithType(const char* name, const json::value& of) {
  const std::string type = Word(Text(Find(&of, "type")));
  return type.empty() ? name : absl::StrCat(name, ";type=", type);
}

// The texts of these members, each escaped, joined with semicolons; "" if all are absent.
std::string Structured(const json::value* value, std::initializer_list<const char*> names) {
  std::vector<std::string> parts;
  bool has_any = false;
  for (const char* const name : names) {
    parts.push_back(name[0] == '\0' ? "" : Escaped(Text(Find(value, name))));
    has_any = has_any || !parts.back().empty();
  }
  return has_any ? absl::StrJoin(parts, ";") : "";
}

}  // namespace

std::string DisplayNameOf(const json::value& contact) { return Text(Find(Find(&contact, "name"), "formatted_name")); }

std::string VCardOf(const json::value& contact) {
  if (const json::value* const text = Find(&contact, "vcard"); text != nullptr) return Text(text);
  std::string card = "BEGIN:VCARD\nVERSION:3.0\n";
  const json::value* const name = Find(&contact, "name");
  AddLine(card, "N", Structured(name, {"last_name", "first_name", "middle_name", "prefix", "suffix"}));
  // FN is required, so it is present even if empty.
  absl::StrAppend(&card, "FN:", Escaped(DisplayNameOf(contact)), "\n");
  const json::value* const company = Find(&contact, "org");
  AddLine(card, "ORG", Structured(company, {"company", "department"}));
  AddLine(card, "TITLE", Escaped(Text(Find(company, "title"))));
  for (const json::value& phone : Elements(Find(&contact, "phones"))) {
    const std::string id = Word(Text(Find(&phone, "wa_id")));
    const std::string label = WithType("TEL", phone);
    AddLine(card, id.empty() ? label : absl::StrCat(label, ";waid=", id), Escaped(Text(Find(&phone, "phone"))));
  }
  for (const json::value& email : Elements(Find(&contact, "emails"))) {
    AddLine(card, WithType("EMAIL", email), Escaped(Text(Find(&email, "email"))));
  }
  for (const json::value& address : Elements(Find(&contact, "addresses"))) {
    AddLine(card, WithType("ADR", address),
            Structured(&address, {"", "", "street", "city", "state", "zip", "country"}));
  }
  for (const json::value& url : Elements(Find(&contact, "urls"))) {
    AddLine(card, WithType("URL", url), Escaped(Text(Find(&url, "url"))));
  }
  AddLine(card, "BDAY", Escaped(Text(Find(&contact, "birthday"))));
  absl::StrAppend(&card, "END:VCARD");
  return card;
}

}  // namespace playhead::broker::socketio
