#include "broker/model/jid.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace playhead::broker::model {
namespace {

constexpr absl::string_view kUserSuffix = "@s.whatsapp.net";
constexpr absl::string_view kMultiWaSuffix = "@c.us";
constexpr absl::string_view kGroupSuffix = "@g.us";

bool IsNumber(absl::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](char c) { return absl::ascii_isdigit(static_cast<unsigned char>(c)); });
}

std::string WithSuffix(absl::string_view id, absl::string_view suffix) {
  return IsNumber(id) ? absl::StrCat(id, suffix) : std::string(id);
}

}  // namespace

std::string FromJid(absl::string_view jid) {
  absl::string_view user = jid;
  if (!absl::ConsumeSuffix(&user, kUserSuffix) && !absl::ConsumeSuffix(&user, kMultiWaSuffix)) return std::string(jid);
  user = user.substr(0, user.find(':'));  // The device.
  return IsNumber(user) ? std::string(user) : std::string(jid);
}

std::string ToBaileysJid(absl::string_view id) { return WithSuffix(id, kUserSuffix); }
std::string ToMultiWaJid(absl::string_view id) { return WithSuffix(id, kMultiWaSuffix); }

std::string FromMetaGroup(absl::string_view id) {
  if (id.empty() || absl::StrContains(id, '@')) return std::string(id);
  return absl::StrCat(id, kGroupSuffix);
}

bool IsGroup(absl::string_view id) { return absl::EndsWith(id, kGroupSuffix); }

}  // namespace playhead::broker::model
