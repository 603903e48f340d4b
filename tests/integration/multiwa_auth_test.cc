// Who may use MultiWA's realtime API, and which events they see.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/dialects/multiwa/client_link.h"
#include "playhead/v1/keys.pb.h"
#include "tests/integration/multiwa_client.h"
#include "tests/support/http_connection.h"
#include "tests/support/key_client.h"
#include "tests/support/raw_websocket.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using Client = testing::MultiWaClient;
using ::testing::HasSubstr;
using testing::HttpResponse;
using testing::RawWebSocket;
using testing::TestServer;

// A broker with an administrator.
class MultiWaAuthTest : public ::testing::Test {
 protected:
  MultiWaAuthTest() {
    const std::string secret_file = dir_.path() + "/admin";
    std::ofstream(secret_file) << kAdminSecret << "\n";
    chmod(secret_file.c_str(), 0600);
    broker::ServerOptions options = testing::MultiWaOptions();
    options.admin_secret_file = secret_file;
    options.store.data_dir = dir_.path() + "/store";
    options.limits.refusal_delay = absl::Milliseconds(1);
    server_.emplace(options);
  }

  v1::CreateKeyResponse MakeKey(const std::vector<v1::Permission>& permissions,
                                const std::vector<std::string>& instances) {
    testing::KeyClient admin(server_->channel(), kAdminSecret);
    v1::CreateKeyResponse response;
    EXPECT_TRUE(admin.CreateKey(testing::KeyRequest(permissions, instances), response).ok());
    return response;
  }

  HttpResponse TryConnect(absl::string_view target, absl::string_view headers = "") {
    return RawWebSocket(server_->server().http_address()).Connect(target, headers);
  }

  static constexpr char kAdminSecret[] = "administrators-secret-of-this-test";
  const testing::TempDir dir_;
  std::optional<TestServer> server_;
};

TEST_F(MultiWaAuthTest, TakesTheKeyFromAnyOfItsPlaces) {
  const std::string secret = MakeKey({v1::PERMISSION_SUBSCRIBE}, {"a"}).secret();
  EXPECT_EQ(TryConnect(absl::StrCat("/ws?apiKey=", secret)).status, 101);
  EXPECT_EQ(TryConnect("/ws", absl::StrCat("x-api-key: ", secret, "\r\n")).status, 101);
  EXPECT_EQ(TryConnect("/ws", absl::StrCat("Authorization: Bearer ", secret, "\r\n")).status, 101);
  // The query counts first.
  EXPECT_EQ(TryConnect("/ws?apiKey=wrong", absl::StrCat("x-api-key: ", secret, "\r\n")).status, 401);
}

TEST_F(MultiWaAuthTest, RefusesOthersBeforeTheUpgrade) {
  for (const char* target : {"/ws", "/ws?apiKey=", "/ws?apiKey=wrong"}) {
    const HttpResponse response = TryConnect(target);
    EXPECT_EQ(response.status, 401) << target;
    EXPECT_EQ(response.body, R"({"success":false,"error":{"code":"UNAUTHORIZED","message":"Invalid API key"}})");
  }
}

TEST_F(MultiWaAuthTest, AKeySeesItsOwnProfilesAlone) {
  const std::string secret = MakeKey({v1::PERMISSION_SUBSCRIBE}, {"a"}).secret();
  Client client(*server_, absl::StrCat("/ws?apiKey=", secret));
  EXPECT_EQ(client.Ask(R"({"type":"subscribe","payload":{"profileId":"b","events":["*"]},"requestId":"r"})"),
            R"({"type":"error","payload":{"error":"Forbidden"},"requestId":"r"})");
  EXPECT_EQ(client.Subscribe("a").at("action").as_string(), "subscribed");
  const std::string appender = MakeKey({v1::PERMISSION_APPEND}, {"a"}).secret();
  Client may_not(*server_, absl::StrCat("/ws?apiKey=", appender));
  EXPECT_THAT(may_not.Ask(R"({"type":"subscribe","payload":{"profileId":"a","events":["*"]}})"),
              HasSubstr("Forbidden"));
}

TEST_F(MultiWaAuthTest, ARevokedKeyEndsItsConnections) {
  const v1::CreateKeyResponse key = MakeKey({v1::PERMISSION_SUBSCRIBE}, {"a"});
  Client subscribed(*server_, absl::StrCat("/ws?apiKey=", key.secret()));
  subscribed.Subscribe("a");
  Client idle(*server_, absl::StrCat("/ws?apiKey=", key.secret()));
  testing::KeyClient(server_->channel(), kAdminSecret).RevokeKey(key.key().id());
  EXPECT_EQ(subscribed.AwaitClose(), broker::multiwa::kCloseInvalidApiKey);
  EXPECT_EQ(idle.AwaitClose(), broker::multiwa::kCloseInvalidApiKey);
  EXPECT_EQ(TryConnect(absl::StrCat("/ws?apiKey=", key.secret())).status, 401);
}

}  // namespace
}  // namespace playhead
