#include "broker/dialects/vzaps/token.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cstdlib>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "broker/log.h"
#include "broker/model/json.h"
#include "broker/stored_records.h"
#include "proto/errors.h"

namespace playhead::broker::vzaps {
namespace {

namespace json = boost::json;

constexpr absl::string_view kKeyRow = "vzaps/token_key";
constexpr absl::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
constexpr size_t kTokenIdBytes = 16;

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) != 1) {
    // Going on would mean tokens that can be guessed.
    Log().critical("event=no_randomness");
    std::abort();
  }
  return bytes;
}

absl::Status WriteAndWait(storage::RecordStore& records, storage::RecordChange change) {
  absl::Status result;
  absl::Notification written;
  records.Write({std::move(change)}, [&](absl::Status status) {
    result = std::move(status);
    written.Notify();
  });
  written.WaitForNotification();
  return result;
}

}  // namespace

absl::StatusOr<TokenSigner> TokenSigner::Load(storage::RecordStore& records) {
  std::string stored;
  const absl::Status loaded =
      ForEachRecord(records, storage::RecordSpace::kKeys, kKeyRow, [&stored](storage::Record& row) {
        if (row.key != kKeyRow || row.value.size() != kKeyBytes) {
          return absl::DataLossError(absl::StrCat("the stored row ", row.key, " is damaged"));
        }
        stored = std::move(row.value);
        return absl::OkStatus();
      });
  if (!loaded.ok()) return loaded;
  if (!stored.empty()) return TokenSigner(std::move(stored));
  std::string key = RandomBytes(kKeyBytes);
  if (absl::Status status = WriteAndWait(records, {storage::RecordSpace::kKeys, std::string(kKeyRow), key});
      !status.ok()) {
    return status;
  }
  return TokenSigner(std::move(key));
}

std::string TokenSigner::Issue(absl::string_view key_id, absl::Time issued_at, absl::Time expires_at) const {
  const json::object claims = {{"sub", model::JsonView(key_id)},
                               {"jti", absl::BytesToHexString(RandomBytes(kTokenIdBytes))},
                               {"iat", absl::ToUnixSeconds(issued_at)},
                               {"exp", absl::ToUnixSeconds(expires_at)}};
  const std::string text =
      absl::StrCat(absl::WebSafeBase64Escape(kHeader), ".", absl::WebSafeBase64Escape(json::serialize(claims)));
  return absl::StrCat(text, ".", absl::WebSafeBase64Escape(Sign(text)));
}

absl::StatusOr<Token> TokenSigner::Verify(absl::string_view token) const {
  const absl::Status wrong = MakeError(Reason::kUnauthenticated, "the access token is not one of this broker");
  const size_t dot = token.rfind('.');
  std::string signature;
  if (token.size() > kTokenBytesMax || dot == absl::string_view::npos ||
      !absl::WebSafeBase64Unescape(token.substr(dot + 1), &signature)) {
    return wrong;
  }
  const std::string expected = Sign(token.substr(0, dot));
  if (signature.size() != expected.size() || CRYPTO_memcmp(signature.data(), expected.data(), expected.size()) != 0) {
    return wrong;
  }
  const absl::string_view text = token.substr(0, dot);
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

std::string TokenSigner::Sign(absl::string_view text) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac;
  unsigned int size = 0;
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), reinterpret_cast<const unsigned char*>(text.data()),
       text.size(), mac.data(), &size);
  return std::string(reinterpret_cast<const char*>(mac.data()), size);
}

}  // namespace playhead::broker::vzaps
