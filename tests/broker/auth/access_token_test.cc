#include "broker/auth/access_token.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "broker/auth/secret.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);
constexpr absl::Duration kDelay = absl::Seconds(1);
constexpr absl::Duration kLife = absl::Minutes(5);

SigningKey Signing(char byte = 's') { return SigningKey(std::string(SigningKey::kBytes, byte)); }

class AccessTokenTest : public ::testing::Test {
 protected:
  AccessTokenTest() { auth_.Put(Entry(secret_)); }

  KeyEntry Entry(absl::string_view secret) {
    KeyEntry entry;
    entry.rules.id = id_;
    entry.rules.permissions = PermissionSet::All();
    entry.rules.instances = *InstancePatterns::Make({"shop-*"});
    entry.secret = SecretHash::Of(secret);
    return entry;
  }
  std::string Mint(absl::string_view secret, absl::Duration lifetime = kLife) {
    return tokens_.Mint(**auth_.Authenticate(secret), "shop-*", lifetime)->token;
  }

  absl::Time now_ = kStart;
  Authenticator auth_{std::nullopt, kDelay, [this] { return now_; }};
  const AccessTokens tokens_{Signing(), auth_};
  const std::string id_ = NewKeyId();
  const std::string secret_ = NewSecret(id_);
  const std::string next_secret_ = NewSecret(id_);
};

TEST_F(AccessTokenTest, ItLendsNothingButReading) {
  const auto caller = tokens_.Redeem(Mint(secret_));
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_TRUE((*caller)->Check(Permission::kSubscribe, "shop-1").ok());
  EXPECT_TRUE((*caller)->CheckPrefix(Permission::kSubscribe, "shop-").ok());
  for (const Permission permission : {Permission::kAppend, Permission::kManage}) {
    EXPECT_TRUE(HasReason((*caller)->Check(permission, "shop-1"), Reason::kPermissionDenied));
    EXPECT_TRUE(HasReason((*caller)->CheckAll(permission), Reason::kPermissionDenied));
  }
  // Nor can it be lent on.
  EXPECT_TRUE(HasReason(tokens_.Mint(**caller, "shop-1", kLife).status(), Reason::kUnauthenticated));
}

TEST_F(AccessTokenTest, TheBrokersOwnInstancesAreNotLent) {
  const std::string secret(32, 'a');
  const Authenticator auth(SecretHash::Of(secret), kDelay);
  const AccessTokens tokens(Signing(), auth);
  const auto admin = auth.Authenticate(secret);
  for (const char* instances : {"playhead.audit", "playhead.*"}) {
    EXPECT_TRUE(HasReason(tokens.Mint(**admin, instances, kLife).status(), Reason::kPermissionDenied)) << instances;
  }
  const auto caller = tokens.Redeem(tokens.Mint(**admin, "*", kLife)->token);
  ASSERT_TRUE(caller.ok()) << caller.status();
  EXPECT_TRUE(HasReason((*caller)->Check(Permission::kSubscribe, "playhead.audit"), Reason::kPermissionDenied));
}

TEST_F(AccessTokenTest, ItLivesAsLongAsWasAskedAtLeast) {
  now_ = kStart + absl::Milliseconds(999);
  const std::string token = Mint(secret_, absl::Seconds(1));
  now_ += absl::Milliseconds(999);
  EXPECT_TRUE(tokens_.Redeem(token).ok());
  now_ += absl::Seconds(1);
  EXPECT_TRUE(HasReason(tokens_.Redeem(token).status(), Reason::kKeyExpired));
}

TEST_F(AccessTokenTest, ItEndsAtItsTimeWhichHasAMaximum) {
  const std::string token = Mint(secret_, kAccessTokenLifetimeMax);
  now_ += kAccessTokenLifetimeMax - absl::Seconds(1);
  EXPECT_TRUE(tokens_.Redeem(token).ok());
  now_ += absl::Seconds(1);
  EXPECT_TRUE(HasReason(tokens_.Redeem(token).status(), Reason::kKeyExpired));
  const auto lender = auth_.Authenticate(secret_);
  for (const absl::Duration lifetime : {kAccessTokenLifetimeMax + absl::Seconds(1), absl::ZeroDuration()}) {
    EXPECT_TRUE(HasReason(tokens_.Mint(**lender, "shop-1", lifetime).status(), Reason::kLimitInvalid));
  }
}

TEST_F(AccessTokenTest, ItEndsWithTheSecretItWasMintedWith) {
  const std::string token = Mint(secret_);
  KeyEntry rotated = Entry(next_secret_);
  rotated.previous_secret = SecretHash::Of(secret_);
  rotated.previous_secret_until = kStart + absl::Minutes(1);
  auth_.Put(rotated);
  const auto caller = tokens_.Redeem(token);
  ASSERT_TRUE(caller.ok()) << caller.status();
  now_ += absl::Minutes(1);
  EXPECT_TRUE(HasReason((*caller)->CheckGood(), Reason::kKeyExpired));
  EXPECT_TRUE(HasReason(tokens_.Redeem(token).status(), Reason::kKeyExpired));
  EXPECT_TRUE(tokens_.Redeem(Mint(next_secret_)).ok());
}

TEST_F(AccessTokenTest, ItEndsAtOnceWithARotationWithoutGraceAndWithARevocation) {
  const std::string token = Mint(secret_);
  auth_.Put(Entry(next_secret_));
  EXPECT_TRUE(HasReason(tokens_.Redeem(token).status(), Reason::kUnauthenticated));
  const std::string next = Mint(next_secret_);
  KeyEntry revoked = Entry(next_secret_);
  revoked.revoked = true;
  auth_.Put(revoked);
  EXPECT_TRUE(HasReason(tokens_.Redeem(next).status(), Reason::kKeyRevoked));
  auth_.Remove(id_);
  EXPECT_TRUE(HasReason(tokens_.Redeem(next).status(), Reason::kUnauthenticated));
}

TEST_F(AccessTokenTest, TheAdministratorsEndsWithAnotherSecretAndOutlivesARestartWithTheSame) {
  const std::string secret(32, 'a');
  const Authenticator before(SecretHash::Of(secret), kDelay);
  const auto minted = AccessTokens(Signing(), before).Mint(**before.Authenticate(secret), "*", kLife);
  ASSERT_TRUE(minted.ok()) << minted.status();
  const Authenticator same(SecretHash::Of(secret), kDelay);
  const Authenticator other(SecretHash::Of(std::string(32, 'b')), kDelay);
  EXPECT_TRUE(AccessTokens(Signing(), same).Redeem(minted->token).ok());
  EXPECT_TRUE(HasReason(AccessTokens(Signing(), other).Redeem(minted->token).status(), Reason::kUnauthenticated));
}

TEST_F(AccessTokenTest, WhatAnOpenBrokerMintedIsWorthNothingOnceItHasAKey) {
  Authenticator open(std::nullopt, kDelay);
  const AccessTokens tokens(Signing(), open);
  const auto minted = tokens.Mint(**open.Authenticate(""), "*", kLife);
  ASSERT_TRUE(minted.ok()) << minted.status();
  EXPECT_TRUE(tokens.Redeem(minted->token).ok());
  open.Put(Entry(secret_));
  EXPECT_TRUE(HasReason(tokens.Redeem(minted->token).status(), Reason::kUnauthenticated));
}

TEST_F(AccessTokenTest, WhatWasNotSignedHereIsRefused) {
  const std::string token = Mint(secret_);
  const AccessTokens elsewhere(Signing('e'), auth_);
  EXPECT_TRUE(HasReason(elsewhere.Redeem(token).status(), Reason::kUnauthenticated));
  for (size_t length = 0; length < token.size(); ++length) {
    EXPECT_TRUE(HasReason(tokens_.Redeem(token.substr(0, length)).status(), Reason::kUnauthenticated)) << length;
  }
  for (size_t at = 0; at + 1 < token.size(); ++at) {  // The last character has bits that say nothing.
    std::string forged = token;
    forged[at] = forged[at] == 'A' ? 'B' : 'A';
    EXPECT_TRUE(HasReason(tokens_.Redeem(forged).status(), Reason::kUnauthenticated)) << at;
  }
  EXPECT_TRUE(
      HasReason(tokens_.Redeem(token + std::string(kAccessTokenBytesMax, 'A')).status(), Reason::kUnauthenticated));
}

}  // namespace
}  // namespace playhead::broker
