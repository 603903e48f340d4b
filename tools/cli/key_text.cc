#include "tools/cli/key_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "proto/event_json.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

constexpr std::array<std::pair<absl::string_view, v1::Permission>, 3> kPermissions = {{
    {"append", v1::PERMISSION_APPEND},
    {"subscribe", v1::PERMISSION_SUBSCRIBE},
    {"manage", v1::PERMISSION_MANAGE},
}};

// The widest column; longer names and patterns are cut.
constexpr size_t kColumnMax = 40;

absl::string_view StateOf(const v1::Key& key, int64_t now) {
  if (key.revoked_at() != 0) return "revoked";
  return key.expires_at() != 0 && key.expires_at() <= now ? "expired" : "active";
}

// The state with its times, for people.
std::string StateText(const v1::Key& key, int64_t now) {
  if (key.revoked_at() != 0) return absl::StrCat("revoked ", SecondsText(key.revoked_at()));
  std::string text(StateOf(key, now));
  if (key.previous_secret_until() > now) {
    absl::StrAppend(&text, ", old secret until ", SecondsText(key.previous_secret_until()));
  }
  return text;
}

std::vector<std::string> Words(const v1::Key& key) {
  std::vector<std::string> words;
  for (const auto& [word, permission] : kPermissions) {
    const auto& all = key.permissions();
    if (std::find(all.begin(), all.end(), permission) != all.end()) words.emplace_back(word);
  }
  return words;
}

void AddTime(absl::string_view name, int64_t micros, std::string& out) {
  if (micros != 0) absl::StrAppend(&out, ",\"", name, "\":\"", FormatMicros(micros), "\"");
}

void AddQuota(absl::string_view name, uint64_t value, std::vector<std::string>& out) {
  if (value != 0) out.push_back(absl::StrCat("\"", name, "\":", value));
}

const auto kQuoted = [](std::string* out, absl::string_view text) { absl::StrAppend(out, JsonString(text)); };

}  // namespace

std::optional<v1::Permission> ParsePermission(absl::string_view word) {
  for (const auto& [known, permission] : kPermissions) {
    if (word == known) return permission;
  }
  return std::nullopt;
}

std::string PermissionsText(const v1::Key& key) { return absl::StrJoin(Words(key), ","); }

std::string SecondsText(int64_t micros) { return FormatMicros(micros).substr(0, 19) + "Z"; }

std::string ExpiryText(const v1::Key& key) { return key.expires_at() == 0 ? "never" : SecondsText(key.expires_at()); }

std::string KeyJson(const v1::Key& key, int64_t now) {
  std::string out =
      absl::StrCat("{\"id\":", JsonString(key.id()), ",\"name\":", JsonString(key.name()), ",\"state\":\"",
                   StateOf(key, now), "\",\"allow\":[", absl::StrJoin(Words(key), ",", kQuoted), "],\"instances\":[",
                   absl::StrJoin(key.instances(), ",", kQuoted), "]");
  AddTime("created_at", key.created_at(), out);
  AddTime("expires_at", key.expires_at(), out);
  AddTime("rotated_at", key.rotated_at(), out);
  AddTime("previous_secret_until", key.previous_secret_until(), out);
  AddTime("revoked_at", key.revoked_at(), out);
  std::vector<std::string> quotas;
  AddQuota("append_events_per_second", key.quotas().append_events_per_second(), quotas);
  AddQuota("append_bytes_per_second", key.quotas().append_bytes_per_second(), quotas);
  AddQuota("streams_max", key.quotas().streams_max(), quotas);
  AddQuota("instances_max", key.quotas().instances_max(), quotas);
  if (!quotas.empty()) absl::StrAppend(&out, ",\"quotas\":{", absl::StrJoin(quotas, ","), "}");
  return out + "}";
}

std::string KeyTable(const std::vector<v1::Key>& keys, int64_t now) {
  std::vector<std::vector<std::string>> rows = {{"ID", "NAME", "ALLOW", "INSTANCES", "EXPIRES", "STATE"}};
  for (const v1::Key& key : keys) {
    rows.push_back({key.id(), Fit(Printable(key.name()), kColumnMax), PermissionsText(key),
                    Fit(absl::StrJoin(key.instances(), ","), kColumnMax), ExpiryText(key), StateText(key, now)});
  }
  std::vector<size_t> widths(rows[0].size());
  for (const auto& row : rows) {
    for (size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], Columns(row[i]));
  }
  const Painter paint(stdout);
  std::string out;
  for (size_t r = 0; r < rows.size(); ++r) {
    std::string line;
    for (size_t i = 0; i + 1 < rows[r].size(); ++i) {
      absl::StrAppend(&line, rows[r][i], std::string(widths[i] - Columns(rows[r][i]) + 2, ' '));
    }
    absl::StrAppend(&line, rows[r].back());
    absl::StrAppend(&out, r == 0 ? paint(Colour::kBold, line) : line, "\n");
  }
  return out;
}

}  // namespace playhead::tools
