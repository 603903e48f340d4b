#include "broker/auth/authenticator.h"

#include <gtest/gtest.h>

#include <string>

#include "proto/errors.h"

namespace playhead::broker {
namespace {

const absl::Time kStart = absl::FromUnixSeconds(1'700'000'000);
constexpr absl::Duration kDelay = absl::Seconds(1);

class AuthenticatorTest : public ::testing::Test {
 protected:
  KeyEntry Entry(absl::string_view id, absl::string_view secret) {
    KeyEntry entry;
    entry.rules.id = std::string(id);
    entry.rules.permissions.Add(Permission::kAppend);
    entry.rules.instances = *InstancePatterns::Make({"device"});
    entry.secret = SecretHash::Of(secret);
    return entry;
  }

  absl::Status Try(absl::string_view secret) { return auth_.Authenticate(secret).status(); }
  absl::Duration Delay(absl::string_view wrong_secret) {
    return auth_.RefusalDelay(MakeError(Reason::kUnauthenticated, "wrong"), wrong_secret);
  }

  absl::Time now_ = kStart;
  Authenticator auth_{std::nullopt, kDelay, [this] { return now_; }};
  const std::string id_ = NewKeyId();
  const std::string secret_ = NewSecret(id_);
};

TEST_F(AuthenticatorTest, WithoutKeysAnybodyMayDoEverythingButAppendToTheBrokersOwn) {
  EXPECT_TRUE(auth_.open());
  const auto anybody = auth_.Authenticate("");
  ASSERT_TRUE(anybody.ok());
  EXPECT_EQ((*anybody)->key_id(), "");
  EXPECT_TRUE((*anybody)->Check(Permission::kManage, "device").ok());
  EXPECT_TRUE((*anybody)->CheckAll(Permission::kManage).ok());
  EXPECT_TRUE((*anybody)->Check(Permission::kSubscribe, "playhead.audit").ok());
  EXPECT_TRUE(HasReason((*anybody)->Check(Permission::kAppend, "playhead.audit"), Reason::kPermissionDenied));

  auth_.Put(Entry(id_, secret_));
  EXPECT_FALSE(auth_.open());
  EXPECT_TRUE(HasReason((*anybody)->Check(Permission::kManage, "device"), Reason::kUnauthenticated));
  EXPECT_TRUE(HasReason(Try(""), Reason::kUnauthenticated));
  auth_.Remove(id_);
  EXPECT_FALSE(auth_.open());
}

TEST_F(AuthenticatorTest, TheAdministratorsSecretAloneClosesTheBroker) {
  const std::string admin_secret(32, 's');
  const Authenticator auth(SecretHash::Of(admin_secret), kDelay);
  EXPECT_FALSE(auth.open());
  EXPECT_TRUE(HasReason(auth.Authenticate("").status(), Reason::kUnauthenticated));
  EXPECT_TRUE(HasReason(auth.Authenticate(std::string(31, 's')).status(), Reason::kUnauthenticated));
  const auto admin = auth.Authenticate(admin_secret);
  ASSERT_TRUE(admin.ok());
  EXPECT_EQ((*admin)->key_id(), "admin");
  EXPECT_TRUE((*admin)->CheckAll(Permission::kManage).ok());
}

TEST_F(AuthenticatorTest, AKeyExpiresAtItsTimeForThoseWhoHoldItToo) {
  KeyEntry entry = Entry(id_, secret_);
  entry.expires_at = kStart + absl::Hours(1);
  auth_.Put(entry);
  const auto caller = auth_.Authenticate(secret_);
  ASSERT_TRUE(caller.ok());
  now_ += absl::Hours(1) - absl::Microseconds(1);
  EXPECT_TRUE((*caller)->Check(Permission::kAppend, "device").ok());
  now_ += absl::Microseconds(1);
  EXPECT_TRUE(HasReason((*caller)->Check(Permission::kAppend, "device"), Reason::kKeyExpired));
  EXPECT_TRUE(HasReason(Try(secret_), Reason::kKeyExpired));
  entry.expires_at = absl::InfiniteFuture();
  auth_.Put(entry);
  EXPECT_TRUE((*caller)->Check(Permission::kAppend, "device").ok());
}

TEST_F(AuthenticatorTest, ARevokedKeyIsRevokedForThoseWhoHoldIt) {
  auth_.Put(Entry(id_, secret_));
  const auto caller = auth_.Authenticate(secret_);
  ASSERT_TRUE(caller.ok());
  KeyEntry revoked = Entry(id_, secret_);
  revoked.revoked = true;
  auth_.Put(revoked);
  EXPECT_TRUE(HasReason((*caller)->Check(Permission::kAppend, "device"), Reason::kKeyRevoked));
  EXPECT_TRUE(HasReason(Try(secret_), Reason::kKeyRevoked));
}

TEST_F(AuthenticatorTest, AReplacedSecretWorksToTheEndOfItsGraceAndTheOneBeforeItNoMore) {
  const std::string second = NewSecret(id_);
  const std::string third = NewSecret(id_);
  auth_.Put(Entry(id_, secret_));
  const auto with_first = auth_.Authenticate(secret_);
  KeyEntry entry = Entry(id_, second);
  entry.previous_secret = SecretHash::Of(secret_);
  entry.previous_secret_until = kStart + absl::Hours(24);
  auth_.Put(entry);
  EXPECT_TRUE(Try(secret_).ok());
  EXPECT_TRUE(Try(second).ok());

  entry.secret = SecretHash::Of(third);
  entry.previous_secret = SecretHash::Of(second);
  entry.previous_secret_until = kStart + absl::Hours(1);
  auth_.Put(entry);
  EXPECT_TRUE(HasReason(Try(secret_), Reason::kUnauthenticated));
  EXPECT_TRUE(HasReason((*with_first)->CheckGood(), Reason::kKeyExpired));
  EXPECT_TRUE(Try(second).ok());
  now_ += absl::Hours(1);
  EXPECT_TRUE(HasReason(Try(second), Reason::kKeyExpired));
  EXPECT_TRUE(Try(third).ok());
}

TEST_F(AuthenticatorTest, WrongSecretsOfOneKeyDelayNeitherItsRightOneNorTheAnswersToOthers) {
  const std::string other_id = NewKeyId();
  auth_.Put(Entry(id_, secret_));
  auth_.Put(Entry(other_id, NewSecret(other_id)));
  const std::string wrong = NewSecret(id_);
  int at_once = 0;
  for (int i = 0; i < 20; ++i) {
    EXPECT_EQ(auth_.RefusalDelay(MakeError(Reason::kKeyExpired, "right, but"), wrong), absl::ZeroDuration());
  }
  while (at_once < 1000 && Delay(wrong) == absl::ZeroDuration()) ++at_once;
  EXPECT_EQ(at_once, 10);
  EXPECT_EQ(Delay(NewSecret(other_id)), absl::ZeroDuration());
  EXPECT_EQ(Delay(""), absl::ZeroDuration());
  EXPECT_EQ(Delay("malformed"), absl::ZeroDuration());
  EXPECT_EQ(Delay(NewSecret(NewKeyId())), absl::ZeroDuration());
  EXPECT_TRUE(Try(secret_).ok());
  now_ += absl::Seconds(2);
  EXPECT_EQ(Delay(wrong), absl::ZeroDuration());
}

TEST_F(AuthenticatorTest, NoMoreAnswersAreHeldBackThanThereMayBe) {
  auth_.Put(Entry(id_, secret_));
  size_t held = 0;
  for (int tenth = 0; tenth < 10; ++tenth) {  // Of as long as one is held.
    for (int i = 0; i < 10'000; ++i) held += Delay("malformed") == kDelay ? 1 : 0;
    now_ += kDelay / 10;
  }
  EXPECT_GT(held, kRefusalsHeldMax / 2);
  EXPECT_LE(held, kRefusalsHeldMax);
}

TEST_F(AuthenticatorTest, AppendsAreMeteredOverAllSecretsOfAKey) {
  KeyEntry entry = Entry(id_, secret_);
  entry.rules.quotas.append_events_per_second = 100;
  auth_.Put(entry);
  const auto caller = *auth_.Authenticate(secret_);
  EXPECT_TRUE(caller->ChargeAppend(300, 1).ok());  // A burst of 100, and two seconds of debt.
  const absl::Status refused = caller->ChargeAppend(1, 1);
  EXPECT_TRUE(HasReason(refused, Reason::kQuotaExceeded));
  EXPECT_NEAR(static_cast<double>(ToProto(refused).retry_after_ms()), 2000, 10);
  now_ += absl::Milliseconds(ToProto(refused).retry_after_ms());
  EXPECT_TRUE(caller->ChargeAppend(1, 1).ok());
  now_ += absl::Seconds(10);
  EXPECT_EQ(caller->AppendDelay(50, 1), absl::ZeroDuration());
  EXPECT_GT(caller->AppendDelay(100, 1), absl::Milliseconds(400));
  now_ -= absl::Hours(1);  // A clock that is set back stops nobody for long.
  EXPECT_LT(caller->AppendDelay(0, 0), absl::Seconds(2));
}

}  // namespace
}  // namespace playhead::broker
