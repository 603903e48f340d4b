#include "broker/webhook/signature.h"

#include <gtest/gtest.h>

#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace playhead::broker::webhook {
namespace {

// RFC 4231, test cases 2 and 1.
TEST(SignatureTest, IsTheStandardsHmac) {
  EXPECT_EQ(SignatureHeader("what do ya want for nothing?", "Jefe"),
            "sha256=5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(SignatureHeader("Hi There", std::string(20, '\x0b')),
            "sha256=b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
}

TEST(SignatureTest, HoldsForTheBodyAndSecretOnly) {
  const auto signature = ParseSignature(SignatureHeader("body", "secret"));
  ASSERT_TRUE(signature.has_value());
  EXPECT_TRUE(SignatureHolds(*signature, "body", "secret"));
  EXPECT_FALSE(SignatureHolds(*signature, "body ", "secret"));
  EXPECT_FALSE(SignatureHolds(*signature, "body", "secret2"));
  EXPECT_FALSE(SignatureHolds(*signature, "", "secret"));
}

TEST(SignatureTest, TakesUpperCaseDigitsAndNoOtherText) {
  const std::string header = SignatureHeader("body", "secret");
  EXPECT_TRUE(ParseSignature(absl::StrCat("sha256=", absl::AsciiStrToUpper(header.substr(7)))).has_value());
  for (const std::string& bad :
       {std::string(), std::string("sha256="), header + "0", header.substr(0, header.size() - 1), " " + header,
        header + " ", absl::StrCat("SHA256=", header.substr(7)), absl::StrCat("sha1=", header.substr(7)),
        header.substr(7), absl::StrCat("sha256=", std::string(64, 'g')), absl::StrCat("sha256=", std::string(64, '\0')),
        absl::StrCat(header, ",", header)}) {
    EXPECT_FALSE(ParseSignature(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace playhead::broker::webhook
