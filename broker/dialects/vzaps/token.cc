#include "broker/dialects/vzaps/token.h"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "broker/auth/whole_seconds.h"
#include "broker/model/json.h"
#include "broker/random.h"
#include "proto/errors.h"

namespace playhead::broker::vzaps {
namespace {

namespace json = boost::json;

constexpr absl::string_view kKeyRow = "vzaps/token_key";
constexpr absl::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
constexpr size_t kTokenIdBytes = 16;

}  // namespace

absl::StatusOr<TokenSigner> TokenSigner::Load(storage::RecordStore& records) {
  auto key = SigningKey::Load(records, kKeyRow);
  if (!key.ok()) return key.status();
  return TokenSigner(*std::move(key));
}

std::string TokenSigner::Issue(absl::string_view key_id, absl::Time issued_at, absl::Time expires_at) const {
  const json::object claims = {{"sub", model::JsonView(key_id)},
                               {"jti", absl::BytesToHexString(RandomBytes(kTokenIdBytes))},
                               {"iat", absl::ToUnixSeconds(issued_at)},
                               {"exp", absl::ToUnixSeconds(CeilToSecond(expires_at))}};
  const std::string text =
      absl::StrCat(absl::WebSafeBase64Escape(kHeader), ".", absl::WebSafeBase64Escape(json::serialize(claims)));
  return absl::StrCat(text, ".", absl::WebSafeBase64Escape(key_.Sign(text)));
}

absl::StatusOr<Token> TokenSigner::Verify(absl::string_view token) const {
  const absl::Status wrong = MakeError(Reason::kUnauthenticated, "the access token is not one of this broker");
  const size_t dot = token.rfind('.');
  std::string signature;
  if (token.size() > kTokenBytesMax || dot == absl::string_view::npos ||
      !absl::WebSafeBase64Unescape(token.substr(dot + 1), &signature)) {
    return wrong;
  }
  const absl::string_view text = token.substr(0, dot);
  if (!key_.Signed(text, signature)) return wrong;
  const size_t middle = text.find('.');
  std::string bytes;
  if (middle == absl::string_view::npos || !absl::WebSafeBase64Unescape(text.substr(middle + 1), &bytes)) return wrong;
  const std::optional<json::value> claims = model::ParseJson(bytes);
  if (!claims) return wrong;
  Token parsed;
  parsed.key_id = model::Text(model::Find(&*claims, "sub"));
  parsed.id = model::Text(model::Find(&*claims, "jti"));
  parsed.expires_at = absl::FromUnixSeconds(model::Integer(model::Find(&*claims, "exp")));
  return parsed;
}

}  // namespace playhead::broker::vzaps
