// One log whose end cannot be read. Calls that list, count or process many instances name it, and continue with the
// others.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "client/client.h"
#include "client/retention_client.h"
#include "proto/errors.h"
#include "tests/storage/flip_bit.h"
#include "tests/storage/table_end.h"
#include "tests/support/consumers_client.h"
#include "tests/support/http_connection.h"
#include "tests/support/key_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr int kEvents = 3;

class UnreadableInstanceTest : public ::testing::Test {
 protected:
  // The blocks of each life lie in a file of their own.
  void SetUp() override {
    options_.store.data_dir = dir_.path() + "/store";
    options_.http_listen = "127.0.0.1:0";
    options_.retention_interval = absl::Milliseconds(20);
    Start();
    ASSERT_TRUE(KeyClient(server_->channel(), "").Append("shop-broken", kEvents).ok());
    server_.reset();
    Start();
    v1::CreateConsumerRequest consumer;
    consumer.mutable_config()->set_name("till");
    consumer.mutable_config()->mutable_source()->set_prefix("shop-");
    consumer.mutable_start()->mutable_now();
    ASSERT_TRUE(ConsumersClient(server_->channel()).Create(consumer).ok());
    server_.reset();
    Start();
    ASSERT_TRUE(KeyClient(server_->channel(), "").Append("shop-sound", kEvents).ok());
    server_.reset();
    const storage::TableEnd end = storage::EndOfFirstTable(options_.store, &storage::FirstSliceOf);
    storage::FlipBit(end.path, end.offset);
    Start();
  }

  void Start() { server_ = std::make_unique<TestServer>(options_); }

  ClientOptions ClientOf() const { return {.target = server_->server().grpc_address()}; }

  const TempDir dir_;
  broker::ServerOptions options_ = TestServerOptions();
  std::unique_ptr<TestServer> server_;
};

TEST_F(UnreadableInstanceTest, ListsSayWhichItIs) {
  auto client = Client::Create(ClientOf());
  ASSERT_TRUE(client.ok()) << client.status();
  std::vector<v1::Instance> rows;
  for (const auto& row : client->ListInstances("shop-")) {
    ASSERT_TRUE(row.ok()) << row.status();
    rows.push_back(*row);
  }
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].name(), "shop-broken");
  EXPECT_EQ(rows[0].unreadable().code(), "DATA_LOSS");
  EXPECT_THAT(rows[0].unreadable().message(), HasSubstr(".sst"));
  EXPECT_THAT(rows[0].unreadable().message(), Not(HasSubstr(dir_.path()))) << "of no business to clients";
  EXPECT_GT(rows[0].created_at(), 0);
  EXPECT_EQ(rows[0].event_count(), 0u);
  EXPECT_FALSE(rows[1].has_unreadable());
  EXPECT_EQ(rows[1].event_count(), static_cast<uint64_t>(kEvents));
  EXPECT_TRUE(HasReason(client->GetInstance("shop-broken").status(), Reason::kDataLoss));

  HttpConnection http(server_->server().http_address());
  const HttpResponse page = http.Get("/v1/instances?prefix=shop-");
  EXPECT_EQ(page.status, 200);
  EXPECT_THAT(page.body, HasSubstr(R"("unreadable":{"code":"DATA_LOSS",)"));
  EXPECT_THAT(page.body, HasSubstr(R"("event_count":3)"));
  EXPECT_EQ(http.Get("/v1/instances/shop-broken").status, 500);
}

TEST_F(UnreadableInstanceTest, RetentionOfAllGoesOnBehindIt) {
  auto retention = RetentionClient::Create(ClientOf());
  ASSERT_TRUE(retention.ok()) << retention.status();
  v1::RetentionPolicy policy;
  policy.set_events(1);
  const auto plan = retention->Plan("*", policy);
  ASSERT_TRUE(plan.ok()) << plan.status();
  EXPECT_EQ(plan->events(), static_cast<uint64_t>(kEvents - 1));
  EXPECT_TRUE(plan->incomplete());
  ASSERT_TRUE(retention->Set("*", policy).ok());
  auto client = Client::Create(ClientOf());
  ASSERT_TRUE(client.ok()) << client.status();
  for (uint64_t kept = kEvents; kept != 1;) {
    const auto info = client->GetInstance("shop-sound");
    ASSERT_TRUE(info.ok()) << info.status();
    kept = info->event_count();
  }
}

TEST_F(UnreadableInstanceTest, AKeysInstancesAreCountedWithIt) {
  v1::CreateKeyResponse manager;
  KeyClient anybody(server_->channel(), "");
  ASSERT_TRUE(anybody.CreateKey(KeyRequest({v1::PERMISSION_MANAGE}, {"*"}), manager).ok());
  v1::CreateKeyRequest request = KeyRequest({v1::PERMISSION_APPEND}, {"shop-*"});
  request.mutable_quotas()->set_instances_max(3);
  v1::CreateKeyResponse key;
  ASSERT_TRUE(KeyClient(server_->channel(), manager.secret()).CreateKey(request, key).ok());
  KeyClient shop(server_->channel(), key.secret());
  EXPECT_TRUE(shop.Append("shop-3").ok());
  ExpectRefused(shop.Append("shop-4"), Reason::kQuotaExceeded);
  EXPECT_TRUE(shop.Append("shop-sound").ok());
}

TEST_F(UnreadableInstanceTest, AConsumerOfManyHasAtLeastTheLagOfTheOthers) {
  const v1::Consumer consumer = ConsumersClient(server_->channel()).Get("till");
  EXPECT_EQ(consumer.lag().kind(), v1::Consumer::Lag::AT_LEAST);
  EXPECT_EQ(consumer.lag().event_count(), static_cast<uint64_t>(kEvents));
  // Where it would stand in the other is not known.
  v1::ResetConsumerRequest reset;
  reset.set_name("till");
  reset.mutable_start()->mutable_now();
  reset.set_dry_run(true);
  ExpectRefused(ConsumersClient(server_->channel()).Reset(reset), Reason::kDataLoss);
}

}  // namespace
}  // namespace playhead::testing
