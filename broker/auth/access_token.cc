#include "broker/auth/access_token.h"

#include <cstdint>
#include <optional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "broker/auth/instance_patterns.h"
#include "broker/auth/permission.h"
#include "broker/auth/secret.h"
#include "broker/auth/whole_seconds.h"
#include "proto/errors.h"
#include "storage/own_instances.h"

namespace playhead::broker {
namespace {

constexpr absl::string_view kRow = "access_token/signing_key";
constexpr absl::string_view kPrefix = "pat_";
constexpr char kVersion = 1;

struct Claims {
  int64_t expires_at = 0;  // Seconds since 1970.
  std::string key_id;
  std::string instances;
};

// version | expiry, 8 bytes, big-endian | length of the key id | key id | pattern
std::string Encode(const Claims& claims) {
  std::string out(1, kVersion);
  for (int shift = 56; shift >= 0; shift -= 8) {
    out.push_back(static_cast<char>(static_cast<uint64_t>(claims.expires_at) >> shift));
  }
  out.push_back(static_cast<char>(claims.key_id.size()));
  return absl::StrCat(out, claims.key_id, claims.instances);
}

std::optional<Claims> Decode(absl::string_view bytes) {
  constexpr size_t kHeadBytes = 10;
  if (bytes.size() < kHeadBytes || bytes[0] != kVersion) return std::nullopt;
  uint64_t expires_at = 0;
  for (const char c : bytes.substr(1, 8)) expires_at = expires_at << 8 | static_cast<uint8_t>(c);
  const size_t key_id_bytes = static_cast<uint8_t>(bytes[kHeadBytes - 1]);
  bytes.remove_prefix(kHeadBytes);
  if (bytes.size() < key_id_bytes) return std::nullopt;
  return Claims{static_cast<int64_t>(expires_at), std::string(bytes.substr(0, key_id_bytes)),
                std::string(bytes.substr(key_id_bytes))};
}

// The signed text. The hash has a fixed length, so the text is unambiguous.
std::string SignedText(const SecretHash& secret, absl::string_view claims) {
  return absl::StrCat(secret.bytes(), claims);
}

absl::Status CheckLender(const Caller& lender, const InstancePatterns& instances) {
  const InstancePatterns::Range& range = instances.ranges().front();
  if (storage::IsOwnInstance(range.text)) {
    return MakeError(Reason::kPermissionDenied, "the broker's own instances are read with a key, not with a token");
  }
  return range.is_prefix ? lender.CheckPrefix(Permission::kSubscribe, range.text)
                         : lender.Check(Permission::kSubscribe, range.text);
}

}  // namespace

absl::StatusOr<std::unique_ptr<AccessTokens>> AccessTokens::Load(storage::RecordStore& records,
                                                                 const Authenticator& auth) {
  auto key = SigningKey::Load(records, kRow);
  if (!key.ok()) return key.status();
  return std::make_unique<AccessTokens>(*std::move(key), auth);
}

absl::StatusOr<AccessTokens::Minted> AccessTokens::Mint(const Caller& lender, absl::string_view instances,
                                                        absl::Duration lifetime) const {
  if (lifetime < absl::Seconds(1) || lifetime > kAccessTokenLifetimeMax) {
    return MakeError(Reason::kLimitInvalid, absl::StrCat("an access token lives 1 to ",
                                                         absl::ToInt64Seconds(kAccessTokenLifetimeMax), " seconds"));
  }
  const auto patterns = InstancePatterns::Make({instances});
  if (!patterns.ok()) return patterns.status();
  if (absl::Status status = CheckLender(lender, *patterns); !status.ok()) return status;
  const absl::Time expires_at = CeilToSecond(auth_.clock()() + lifetime);  // No sooner than was asked.
  const std::string claims = Encode({absl::ToUnixSeconds(expires_at), lender.key_id(), std::string(instances)});
  for (const Authenticator::Holder& holder : auth_.HoldersOf(lender.key_id())) {
    if (holder.caller.get() != &lender) continue;
    const std::string signature = key_.Sign(SignedText(holder.secret, claims));
    return Minted{absl::StrCat(kPrefix, absl::WebSafeBase64Escape(claims), ".", absl::WebSafeBase64Escape(signature)),
                  expires_at};
  }
  return MakeError(Reason::kUnauthenticated, "the secret of this call has just ended");
}

absl::StatusOr<std::shared_ptr<Caller>> AccessTokens::Redeem(absl::string_view token) const {
  const absl::Status wrong = MakeError(Reason::kUnauthenticated, "this is not an access token of this broker");
  if (token.size() > kAccessTokenBytesMax || !absl::ConsumePrefix(&token, kPrefix)) return wrong;
  const size_t dot = token.find('.');
  std::string bytes, signature;
  if (dot == absl::string_view::npos || !absl::WebSafeBase64Unescape(token.substr(0, dot), &bytes) ||
      !absl::WebSafeBase64Unescape(token.substr(dot + 1), &signature)) {
    return wrong;
  }
  const auto claims = Decode(bytes);
  if (!claims) return wrong;
  std::shared_ptr<Caller> lender;
  for (const Authenticator::Holder& holder : auth_.HoldersOf(claims->key_id)) {
    if (key_.Signed(SignedText(holder.secret, bytes), signature)) lender = holder.caller;
  }
  if (lender == nullptr) return wrong;
  if (auth_.clock()() >= absl::FromUnixSeconds(claims->expires_at)) {
    return MakeError(Reason::kKeyExpired, "this access token has expired: mint another");
  }
  if (absl::Status status = lender->CheckGood(); !status.ok()) return status;
  auto instances = InstancePatterns::Make({absl::string_view(claims->instances)});
  if (!instances.ok()) return wrong;
  PermissionSet permissions;
  permissions.Add(Permission::kSubscribe);
  return std::make_shared<Caller>(std::move(lender), permissions, *std::move(instances));
}

}  // namespace playhead::broker
