// Formats keys: tables for people, JSON for programs.
#ifndef PLAYHEAD_TOOLS_CLI_KEY_TEXT_H_
#define PLAYHEAD_TOOLS_CLI_KEY_TEXT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "playhead/v1/keys.pb.h"

namespace playhead::tools {

// "append", "subscribe", "manage"; nullopt for anything else.
std::optional<v1::Permission> ParsePermission(absl::string_view word);
// "append,subscribe".
std::string PermissionsText(const v1::Key& key);

// RFC 3339 without fractional seconds. `micros` as in keys.proto.
std::string SecondsText(int64_t micros);
// "never" or a time.
std::string ExpiryText(const v1::Key& key);

// One JSON object without a line break. Times that are not set and unlimited quotas are left out.
// `state` is "active", "expired" or "revoked" as of `now` (microseconds).
std::string KeyJson(const v1::Key& key, int64_t now);

// A header, and a line for each key.
std::string KeyTable(const std::vector<v1::Key>& keys, int64_t now);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_KEY_TEXT_H_
