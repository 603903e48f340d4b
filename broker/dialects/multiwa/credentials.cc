#include "broker/dialects/multiwa/credentials.h"

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "broker/model/json.h"

namespace playhead::broker::multiwa {
namespace {

// A JWT has three base64url parts, the first of which is a JSON object (RFC 7519).
bool IsJwt(absl::string_view text) {
  constexpr absl::string_view kObjectInBase64 = "ey";
  const std::vector<absl::string_view> parts = absl::StrSplit(text, '.');
  return parts.size() == 3 && absl::StartsWith(parts[0], kObjectInBase64);
}

}  // namespace

std::string SecretOf(const http::Request& request) {
  if (const auto key = request.Query("apiKey"); key && !key->empty()) return std::string(*key);
  if (const auto key = request.Header("x-api-key"); key && !key->empty()) return std::string(*key);
  return std::string(request.BearerSecret());
}

std::string SecretOf(absl::string_view auth, const http::Request& handshake) {
  const auto parsed = model::ParseJson(auth.empty() ? "{}" : auth);
  const model::json::value* const value = parsed ? &*parsed : nullptr;
  const std::string secrets[] = {
      model::Text(model::Find(value, "token")),
      std::string(handshake.BearerSecret()),
      std::string(handshake.Query("token").value_or("")),
      model::Text(model::Find(value, "apiKey")),
      std::string(handshake.Header("x-api-key").value_or("")),
      std::string(handshake.Query("apiKey").value_or("")),
  };
  std::string jwt;
  for (const std::string& secret : secrets) {
    if (secret.empty()) continue;
    if (!IsJwt(secret)) return secret;
    jwt = secret;
  }
  return jwt;
}

}  // namespace playhead::broker::multiwa
