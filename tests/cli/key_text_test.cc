#include "tools/cli/key_text.h"

#include <gtest/gtest.h>

#include <string>

namespace playhead::tools {
namespace {

// 2026-01-02T03:04:05Z.
constexpr int64_t kNow = 1'767'323'045'000'000;
constexpr int64_t kHour = 3'600'000'000;

v1::Key MakeKey(const std::string& id, const std::string& name) {
  v1::Key key;
  key.set_id(id);
  key.set_name(name);
  key.add_permissions(v1::PERMISSION_SUBSCRIBE);
  key.add_permissions(v1::PERMISSION_APPEND);
  key.add_instances("bot-*");
  key.set_created_at(kNow - kHour);
  return key;
}

TEST(KeyTextTest, AKeyAsJson) {
  v1::Key key = MakeKey("k1", "a \"name\"");
  EXPECT_EQ(KeyJson(key, kNow),
            R"({"id":"k1","name":"a \"name\"","state":"active","allow":["append","subscribe"],"instances":["bot-*"],)"
            R"("created_at":"2026-01-02T02:04:05.000000Z"})");
  key.set_expires_at(kNow);
  key.mutable_quotas()->set_streams_max(3);
  EXPECT_EQ(KeyJson(key, kNow),
            R"({"id":"k1","name":"a \"name\"","state":"expired","allow":["append","subscribe"],"instances":["bot-*"],)"
            R"("created_at":"2026-01-02T02:04:05.000000Z","expires_at":"2026-01-02T03:04:05.000000Z",)"
            R"("quotas":{"streams_max":3}})");
}

TEST(KeyTextTest, KeysAsATable) {
  v1::Key active = MakeKey("k1", "crm");
  active.set_previous_secret_until(kNow + kHour);
  v1::Key expired = MakeKey("k2", "long name");
  expired.set_expires_at(kNow - kHour);
  v1::Key revoked = MakeKey("k3", "\x1b[31mred");
  revoked.set_revoked_at(kNow);
  revoked.set_expires_at(kNow + kHour);
  EXPECT_EQ(KeyTable({active, expired, revoked}, kNow),
            "ID  NAME         ALLOW             INSTANCES  EXPIRES               STATE\n"
            "k1  crm          append,subscribe  bot-*      never                 active, old secret until "
            "2026-01-02T04:04:05Z\n"
            "k2  long name    append,subscribe  bot-*      2026-01-02T02:04:05Z  expired\n"
            "k3  \\x1b[31mred  append,subscribe  bot-*      2026-01-02T04:04:05Z  revoked 2026-01-02T03:04:05Z\n");
}

TEST(KeyTextTest, WordsOfPermissions) {
  EXPECT_EQ(ParsePermission("append"), v1::PERMISSION_APPEND);
  EXPECT_EQ(ParsePermission("subscribe"), v1::PERMISSION_SUBSCRIBE);
  EXPECT_EQ(ParsePermission("manage"), v1::PERMISSION_MANAGE);
  for (const char* word : {"", "Append", "all", "append,manage"})
    EXPECT_EQ(ParsePermission(word), std::nullopt) << word;
}

}  // namespace
}  // namespace playhead::tools
