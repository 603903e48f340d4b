#include "broker/auth/secret.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "broker/auth/admin_secret.h"
#include "tests/support/temp_dir.h"

namespace playhead::broker {
namespace {

TEST(SecretTest, ASecretNamesItsKeyAndNoTwoAreTheSame) {
  const std::string id = NewKeyId();
  EXPECT_TRUE(IsKeyId(id)) << id;
  EXPECT_NE(id, NewKeyId());
  const std::string secret = NewSecret(id);
  EXPECT_EQ(secret.size(), 3 + 13 + 1 + 43u);
  EXPECT_EQ(KeyIdIn(secret), id);
  EXPECT_NE(secret, NewSecret(id));
  EXPECT_TRUE(SecretHash::Of(secret).Equals(SecretHash::Of(secret)));
  EXPECT_FALSE(SecretHash::Of(secret).Equals(SecretHash::Of(NewSecret(id))));
  EXPECT_TRUE(SecretHash::FromBytes(SecretHash::Of(secret).bytes())->Equals(SecretHash::Of(secret)));
  EXPECT_FALSE(SecretHash::FromBytes("short").has_value());
}

TEST(SecretTest, WhatIsNotExactlyASecretNamesNoKey) {
  const std::string secret = NewSecret("k0123456789ab");
  EXPECT_EQ(KeyIdIn(secret), "k0123456789ab");
  for (size_t i = 0; i < secret.size(); ++i) {
    EXPECT_FALSE(KeyIdIn(secret.substr(0, i)).has_value()) << i;
    std::string changed = secret;
    changed[i] = '=';
    EXPECT_FALSE(KeyIdIn(changed).has_value()) << i;
  }
  EXPECT_FALSE(KeyIdIn(secret + "A").has_value());
  EXPECT_FALSE(KeyIdIn(" " + secret).has_value());
  EXPECT_FALSE(KeyIdIn(NewSecret("k0123456789aB")).has_value());  // Upper case.
  EXPECT_FALSE(KeyIdIn(NewSecret("k0123456789al")).has_value());  // No letter of the alphabet.
}

class AdminSecretTest : public ::testing::Test {
 protected:
  absl::Status Load(const std::string& content, mode_t mode = 0600) {
    std::ofstream(path_, std::ios::trunc) << content;
    chmod(path_.c_str(), mode);
    auto loaded = LoadAdminSecret(path_);
    if (loaded.ok()) hash_ = *loaded;
    return loaded.status();
  }

  const testing::TempDir dir_;
  const std::string path_ = dir_.path() + "/secret";
  SecretHash hash_;
};

TEST_F(AdminSecretTest, IsOneLineWhoseEndDoesNotCount) {
  const std::string secret(32, 'x');
  for (const char* end : {"", "\n", "\r\n"}) {
    ASSERT_TRUE(Load(secret + end).ok());
    EXPECT_TRUE(hash_.Equals(SecretHash::Of(secret)));
  }
  EXPECT_TRUE(Load(std::string(256, 'x') + "\r\n", 0400).ok());
}

TEST_F(AdminSecretTest, IsRefusedWhenOthersMayUseIt) {
  for (const mode_t mode : {0640, 0604, 0620, 0602, 0610, 0644, 0666}) {
    EXPECT_EQ(Load(std::string(32, 'x'), mode).code(), absl::StatusCode::kFailedPrecondition) << mode;
  }
  EXPECT_EQ(LoadAdminSecret(dir_.path() + "/absent").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(AdminSecretTest, IsRefusedUnlessItIsLongEnoughAndCanBeSent) {
  const std::string secret(32, 'x');
  for (const std::string& content :
       {std::string(), std::string(31, 'x'), std::string(257, 'x'), secret + "\n\n", secret + "\n" + secret,
        secret + " ", secret + "\xc3\xa4", std::string(9999, 'x')}) {
    const absl::Status status = Load(content);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << content.size();
    EXPECT_EQ(status.message().find(secret), absl::string_view::npos);
  }
}

}  // namespace
}  // namespace playhead::broker
