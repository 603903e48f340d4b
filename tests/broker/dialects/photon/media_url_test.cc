#include "broker/dialects/photon/media_url.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace playhead::broker::photon {
namespace {

constexpr char kImage[] =
    R"({"message":{"id":"wamid.1","type":"image","image":{"id":"77","mime_type":"image/png","sha256":"abc","url":"https://example.com/77","file_size":1234}}})";

TEST(PhotonMediaUrlTest, IsWhatTheMessageSays) {
  const auto found = FindMediaUrl(kImage, "77");
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->url(), "https://example.com/77");
  EXPECT_EQ(found->mime_type(), "image/png");
  EXPECT_EQ(found->sha256(), "abc");
  EXPECT_EQ(found->file_size(), 1234);
}

TEST(PhotonMediaUrlTest, IsNoneOfAnotherMediaOrOfAnythingElse) {
  for (const char* data : {
           kImage,
           "",
           "7",
           "[\"7\"]",
           R"({"message":7})",
           R"({"message":{"image":7}})",
           R"({"message":{"image":{"id":7,"url":"x"}}})",
           R"({"message":{"image":{"id":"7"}}})",
           R"({"message":{"image":{"id":"7","url":7}}})",
           R"({"message":{"text":{"id":"7","url":"x"}}})",
           R"({"message":{"image":{"id":"7","url":"x"}})",
       }) {
    EXPECT_EQ(FindMediaUrl(data, "7").has_value(), false) << data;
  }
  EXPECT_FALSE(FindMediaUrl(kImage, "").has_value());
}

}  // namespace
}  // namespace playhead::broker::photon
