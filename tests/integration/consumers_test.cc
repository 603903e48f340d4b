// The unary calls of playhead.v1.Consumers over real gRPC, and who may make them.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/support/batches.h"
#include "tests/support/consume_session.h"
#include "tests/support/consumers_client.h"
#include "tests/support/key_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::AppendNumbered;
using testing::CallOutcome;
using testing::ConsumerOf;
using testing::ConsumerOfPrefix;
using testing::ConsumersClient;
using testing::ConsumeSession;
using ::testing::ElementsAre;
using testing::ExpectRefused;
using testing::HeldEvent;
using testing::KeyClient;
using testing::OpenOf;
using testing::TestServer;

using Stub = v1::Consumers::Stub;

class ConsumersTest : public ::testing::Test {
 protected:
  // Has the consumer "reader" of "device" settle everything up to `cursor`.
  void AckUpTo(uint64_t cursor) {
    ConsumeSession session(server_.channel(), OpenOf(ConsumerOf("reader", "device")));
    ASSERT_FALSE(session.Take(cursor).empty());
    ASSERT_TRUE(session.AwaitConfirmed(session.AckUpTo("device", cursor)));
    ASSERT_TRUE(session.End().ok());
  }

  // Parks the first `count` events of "device".
  void Park(uint64_t count) {
    ConsumeSession session(server_.channel(), OpenOf(ConsumerOf("reader", "device")));
    uint64_t number = 0;
    for (const HeldEvent& event : session.Take(count)) number = session.Park(event, absl::StrCat("no ", event.cursor));
    ASSERT_TRUE(session.AwaitConfirmed(number));
    ASSERT_TRUE(session.End().ok());
  }

  TestServer server_;
  ConsumersClient consumers_{server_.channel()};
};

TEST_F(ConsumersTest, AConsumerIsMadeOnceAndDescribed) {
  AppendNumbered(server_.log(), "device", 1, 5);
  v1::CreateConsumerRequest create = ConsumerOf("reader", "device");
  create.mutable_start()->set_after_cursor(2);
  create.mutable_config()->add_types("number");
  create.mutable_config()->set_shared(true);
  v1::CreateConsumerResponse response;
  ASSERT_TRUE(consumers_.Create(create, &response).ok());
  EXPECT_TRUE(response.created());
  EXPECT_EQ(response.consumer().config().name(), "reader");
  EXPECT_EQ(response.consumer().config().source().instance(), "device");
  EXPECT_THAT(response.consumer().config().types(), ElementsAre("number"));
  EXPECT_TRUE(response.consumer().config().shared());
  EXPECT_EQ(response.consumer().position().cursor(), 2u);
  EXPECT_GT(response.consumer().created_at(), 0);

  create.mutable_start()->set_after_cursor(4);
  ASSERT_TRUE(consumers_.Create(create, &response).ok());
  EXPECT_FALSE(response.created());
  EXPECT_EQ(response.consumer().position().cursor(), 2u) << "it stays where it is";
  create.mutable_config()->set_shared(false);
  ExpectRefused(consumers_.Create(create), Reason::kConsumerExists);

  const v1::Consumer consumer = consumers_.Get("reader");
  EXPECT_EQ(consumer.lag().event_count(), 3u);
  EXPECT_EQ(consumer.pause(), v1::CONSUMER_PAUSE_NO_HOLDER);
  EXPECT_EQ(consumer.holders_size(), 0);
  EXPECT_TRUE(consumers_.Delete("reader").ok());
  ExpectRefused(consumers_.TryGet("reader"), Reason::kConsumerNotFound);
  ExpectRefused(consumers_.Delete("reader"), Reason::kConsumerNotFound);
}

TEST_F(ConsumersTest, AConfigurationThatBreaksARuleIsRefusedWhole) {
  const auto refused = [&](auto change, Reason reason) {
    v1::CreateConsumerRequest create = ConsumerOf("reader", "device");
    change(create);
    ExpectRefused(consumers_.Create(create), reason);
  };
  refused([](auto& r) { r.mutable_config()->set_name(""); }, Reason::kConsumerInvalid);
  refused([](auto& r) { r.mutable_config()->set_name(std::string(101, 'a')); }, Reason::kConsumerInvalid);
  refused([](auto& r) { r.mutable_config()->set_name("a b"); }, Reason::kConsumerInvalid);
  refused([](auto& r) { r.mutable_config()->clear_source(); }, Reason::kConsumerInvalid);
  refused([](auto& r) { r.mutable_config()->mutable_source()->set_instance("a b"); }, Reason::kInstanceNameInvalid);
  refused([](auto& r) { r.mutable_config()->mutable_source()->set_prefix(""); }, Reason::kConsumerInvalid);
  refused([](auto& r) { r.mutable_config()->set_ack_deadline_ms(999); }, Reason::kConsumerInvalid);
  refused([](auto& r) { r.mutable_config()->set_ack_deadline_ms(43'200'001); }, Reason::kConsumerInvalid);
  refused([](auto& r) { r.mutable_config()->set_attempts_max(1001); }, Reason::kConsumerInvalid);
  refused([](auto& r) { r.mutable_config()->set_in_flight_max(10'001); }, Reason::kConsumerInvalid);
  refused([](auto& r) { r.mutable_config()->add_types(""); }, Reason::kFilterInvalid);
  refused([](auto& r) { r.clear_start(); }, Reason::kStartRequired);
  refused([](auto& r) { r.mutable_start()->set_after_cursor(9); }, Reason::kCursorDiverged);
  ExpectRefused(consumers_.TryGet("reader"), Reason::kConsumerNotFound);
}

TEST_F(ConsumersTest, ListsByNamePageByPage) {
  for (const char* name : {"b-2", "a", "b-1", "b-3", "c"}) ASSERT_TRUE(consumers_.Create(ConsumerOf(name, "x")).ok());
  v1::ListConsumersRequest request;
  request.set_prefix("b-");
  request.set_page_size(2);
  std::vector<std::string> pages;
  for (;;) {
    v1::ListConsumersResponse response;
    ASSERT_TRUE(consumers_.Call(&Stub::ListConsumers, request, response).ok());
    std::string page;
    for (const v1::Consumer& consumer : response.consumers()) absl::StrAppend(&page, consumer.config().name(), " ");
    pages.push_back(page);
    if (response.next_page_token().empty()) break;
    request.set_page_token(response.next_page_token());
  }
  EXPECT_THAT(pages, ElementsAre("b-1 b-2 ", "b-3 "));
  v1::ListConsumersResponse response;
  request.set_page_token("nonsense");
  ExpectRefused(consumers_.Call(&Stub::ListConsumers, request, response), Reason::kPageTokenInvalid);
  request.set_page_size(1001);
  ExpectRefused(consumers_.Call(&Stub::ListConsumers, request, response), Reason::kLimitInvalid);
}

// KurrentDB #3844: one click replayed 380,000 events.
TEST_F(ConsumersTest, NoSingleCallReplaysAWholeLog) {
  AppendNumbered(server_.log(), "device", 1, 900);
  AckUpTo(900);
  v1::ResetConsumerRequest reset;
  reset.set_name("reader");
  reset.mutable_start()->mutable_beginning();
  v1::ResetConsumerResponse response;
  const CallOutcome refused = consumers_.Reset(reset);
  ExpectRefused(refused, Reason::kResetUnconfirmed);
  EXPECT_THAT(refused.status.error_message(), ::testing::HasSubstr("900"));
  EXPECT_EQ(consumers_.Get("reader").position().cursor(), 900u) << "nothing is changed";

  reset.set_dry_run(true);
  ASSERT_TRUE(consumers_.Reset(reset, &response).ok());
  EXPECT_EQ(response.events_again(), 900u);
  EXPECT_EQ(response.events_again_kind(), v1::Consumer::Lag::EXACT);
  EXPECT_EQ(response.events_skipped(), 0u);
  EXPECT_EQ(response.from().cursor(), 900u);
  EXPECT_EQ(response.to().cursor(), 0u);
  EXPECT_EQ(consumers_.Get("reader").position().cursor(), 900u) << "a dry run changes nothing";

  reset.set_dry_run(false);
  reset.set_events_again_max(899);
  ExpectRefused(consumers_.Reset(reset), Reason::kResetUnconfirmed);
  reset.set_events_again_max(900);
  ASSERT_TRUE(consumers_.Reset(reset, &response).ok());
  EXPECT_EQ(response.events_again(), 900u);
  ConsumeSession session(server_.channel(), OpenOf("reader"));
  EXPECT_EQ(session.Take(900).size(), 900u);
}

TEST_F(ConsumersTest, AResetThatSkipsSaysHowManyAndNeedsThemNamed) {
  AppendNumbered(server_.log(), "device", 1, 10);
  AckUpTo(4);
  v1::ResetConsumerRequest reset;
  reset.set_name("reader");
  reset.mutable_start()->mutable_now();
  ExpectRefused(consumers_.Reset(reset), Reason::kResetUnconfirmed);
  reset.set_events_skipped_max(6);
  v1::ResetConsumerResponse response;
  ASSERT_TRUE(consumers_.Reset(reset, &response).ok());
  EXPECT_EQ(response.events_skipped(), 6u);
  EXPECT_EQ(response.events_again(), 0u);
  EXPECT_EQ(consumers_.Get("reader").position().cursor(), 10u);
  reset.clear_start();
  ExpectRefused(consumers_.Reset(reset), Reason::kStartRequired);
  reset.set_name("nobody");
  reset.mutable_start()->mutable_now();
  ExpectRefused(consumers_.Reset(reset), Reason::kConsumerNotFound);
}

TEST_F(ConsumersTest, ParkedEventsAreListedRequeuedAndDroppedToTheNumber) {
  AppendNumbered(server_.log(), "device", 1, 6);
  Park(5);
  v1::ListParkedRequest list;
  list.set_consumer("reader");
  list.set_page_size(3);
  v1::ListParkedResponse page;
  ASSERT_TRUE(consumers_.Call(&Stub::ListParked, list, page).ok());
  ASSERT_EQ(page.parked_size(), 3);
  EXPECT_EQ(page.parked(0).cursor(), 1u);
  EXPECT_EQ(page.parked(0).reason(), "no 1");
  EXPECT_FALSE(page.parked(0).has_event()) << "only if asked for";
  const uint64_t third = page.parked(2).number();
  list.set_page_token(page.next_page_token());
  ASSERT_TRUE(consumers_.Call(&Stub::ListParked, list, page).ok());
  EXPECT_EQ(page.parked_size(), 2);
  EXPECT_EQ(page.next_page_token(), "");

  v1::RequeueParkedRequest requeue;
  requeue.set_consumer("reader");
  v1::RequeueParkedResponse requeued;
  ExpectRefused(consumers_.Call(&Stub::RequeueParked, requeue, requeued), Reason::kParkedInvalid);
  requeue.set_oldest(10'001);
  ExpectRefused(consumers_.Call(&Stub::RequeueParked, requeue, requeued), Reason::kParkedInvalid);
  requeue.set_oldest(2);
  requeue.set_dry_run(true);
  ASSERT_TRUE(consumers_.Call(&Stub::RequeueParked, requeue, requeued).ok());
  EXPECT_EQ(requeued.requeued_count(), 2u);
  EXPECT_EQ(consumers_.Get("reader").parked_count(), 5u) << "a dry run changes nothing";
  requeue.set_dry_run(false);
  ASSERT_TRUE(consumers_.Call(&Stub::RequeueParked, requeue, requeued).ok());
  EXPECT_EQ(requeued.requeued_count(), 2u);
  EXPECT_EQ(requeued.parked_count(), 3u);

  v1::DropParkedRequest drop;
  drop.set_consumer("reader");
  drop.add_numbers(third);
  drop.add_numbers(1'000'000);  // Not there: passed over.
  v1::DropParkedResponse dropped;
  ASSERT_TRUE(consumers_.Call(&Stub::DropParked, drop, dropped).ok());
  EXPECT_EQ(dropped.dropped_count(), 1u);
  EXPECT_EQ(dropped.parked_count(), 2u);

  // What was requeued comes as if for the first time; what was dropped does not.
  ConsumeSession session(server_.channel(), OpenOf("reader"));
  std::vector<std::string> got;
  for (const HeldEvent& event : session.Take(3)) got.push_back(absl::StrCat(event.cursor, "/", event.attempt));
  EXPECT_THAT(got, ::testing::UnorderedElementsAre("1/1", "2/1", ::testing::StartsWith("6/")));
  ASSERT_TRUE(session.AwaitConfirmed(session.AckUpTo("device", 6)));
  EXPECT_EQ(consumers_.Get("reader").unsettled_count(), 0u);
  list.set_page_token("nonsense");
  ExpectRefused(consumers_.Call(&Stub::ListParked, list, page), Reason::kPageTokenInvalid);
}

// KurrentDB #500: replaying parked messages moved the checkpoint.
TEST_F(ConsumersTest, RequeueingMovesNoPosition) {
  AppendNumbered(server_.log(), "device", 1, 3);
  Park(3);
  const uint64_t before = consumers_.Get("reader").position().cursor();
  v1::RequeueParkedRequest requeue;
  requeue.set_consumer("reader");
  requeue.set_oldest(3);
  v1::RequeueParkedResponse requeued;
  ASSERT_TRUE(consumers_.Call(&Stub::RequeueParked, requeue, requeued).ok());
  ConsumeSession session(server_.channel(), OpenOf("reader"));
  ASSERT_EQ(session.Take(3).size(), 3u);
  EXPECT_EQ(consumers_.Get("reader").position().cursor(), before);
  ASSERT_TRUE(session.AwaitConfirmed(session.AckUpTo("device", 3)));
  EXPECT_EQ(consumers_.Get("reader").position().cursor(), before);
}

// A broker with an administrator.
class ConsumersAccessTest : public ::testing::Test {
 protected:
  ConsumersAccessTest() {
    const std::string secret_file = dir_.path() + "/admin";
    std::ofstream(secret_file) << "administrators-secret-of-this-test\n";
    chmod(secret_file.c_str(), 0600);
    broker::ServerOptions options = testing::TestServerOptions();
    options.admin_secret_file = secret_file;
    options.store.data_dir = dir_.path() + "/store";
    options.limits.refusal_delay = absl::Milliseconds(1);
    server_.emplace(options);
  }

  ConsumersClient As(const std::vector<v1::Permission>& permissions, const std::vector<std::string>& instances) {
    return ConsumersClient(server_->channel(), Secret(permissions, instances));
  }
  std::string Secret(const std::vector<v1::Permission>& permissions, const std::vector<std::string>& instances) {
    KeyClient admin(server_->channel(), "administrators-secret-of-this-test");
    v1::CreateKeyResponse response;
    EXPECT_TRUE(admin.CreateKey(testing::KeyRequest(permissions, instances), response).ok());
    return response.secret();
  }

  const testing::TempDir dir_;
  std::optional<TestServer> server_;
};

TEST_F(ConsumersAccessTest, AConsumerNeedsAKeyThatCoversItsSource) {
  ConsumersClient nobody(server_->channel());
  ExpectRefused(nobody.Create(ConsumerOf("reader", "device")), Reason::kUnauthenticated);
  ConsumersClient other = As({v1::PERMISSION_SUBSCRIBE}, {"other"});
  ExpectRefused(other.Create(ConsumerOf("reader", "device")), Reason::kPermissionDenied);
  ConsumersClient appender = As({v1::PERMISSION_APPEND}, {"*"});
  ExpectRefused(appender.Create(ConsumerOf("reader", "device")), Reason::kPermissionDenied);
  ConsumersClient bots = As({v1::PERMISSION_SUBSCRIBE}, {"bot-*"});
  EXPECT_TRUE(bots.Create(ConsumerOf("one", "bot-1")).ok());
  EXPECT_TRUE(bots.Create(ConsumerOf("two", "bot-2")).ok());
  ExpectRefused(bots.Create(ConsumerOfPrefix("more", "bot")), Reason::kPermissionDenied);
  v1::CreateConsumerRequest all = ConsumerOf("everything", "");
  all.mutable_config()->mutable_source()->mutable_all();
  ExpectRefused(bots.Create(all), Reason::kPermissionDenied);
  v1::CreateConsumerRequest hidden = ConsumerOf("hidden", "bot-1");
  hidden.mutable_config()->add_types("playhead.hidden.x");
  ExpectRefused(bots.Create(hidden), Reason::kPermissionDenied);

  // Seen, held and administered only by who covers it, and administered only with the permission to.
  ExpectRefused(other.TryGet("one"), Reason::kPermissionDenied);
  v1::ListConsumersResponse listed;
  EXPECT_TRUE(other.Call(&Stub::ListConsumers, v1::ListConsumersRequest(), listed).ok());
  EXPECT_EQ(listed.consumers_size(), 0);
  EXPECT_TRUE(bots.Call(&Stub::ListConsumers, v1::ListConsumersRequest(), listed).ok());
  EXPECT_EQ(listed.consumers_size(), 2);
  const std::string other_secret = Secret({v1::PERMISSION_SUBSCRIBE}, {"other"});
  ConsumeSession session(server_->channel(), OpenOf("one"), other_secret);
  ExpectRefused(session.AwaitEnd(), Reason::kPermissionDenied);
  ExpectRefused(bots.Delete("one"), Reason::kPermissionDenied);
  v1::ResetConsumerRequest reset;
  reset.set_name("one");
  reset.mutable_start()->mutable_now();
  ExpectRefused(bots.Reset(reset), Reason::kPermissionDenied);
  ConsumersClient manager = As({v1::PERMISSION_MANAGE}, {"bot-*"});
  EXPECT_TRUE(manager.Reset(reset).ok());
  EXPECT_TRUE(manager.Delete("one").ok());
}

TEST_F(ConsumersAccessTest, AStreamEndsWithItsKey) {
  KeyClient admin(server_->channel(), "administrators-secret-of-this-test");
  v1::CreateKeyResponse key;
  ASSERT_TRUE(admin.CreateKey(testing::KeyRequest({v1::PERMISSION_SUBSCRIBE}, {"device"}), key).ok());
  ConsumeSession session(server_->channel(), OpenOf(ConsumerOf("reader", "device")), key.secret());
  ASSERT_TRUE(session.AwaitOpened());
  ASSERT_TRUE(admin.RevokeKey(key.key().id()).ok());
  ExpectRefused(session.AwaitEnd(), Reason::kKeyRevoked);
}

TEST_F(ConsumersAccessTest, WhatIsDoneToConsumersIsOnRecord) {
  ConsumersClient manager = As({v1::PERMISSION_MANAGE, v1::PERMISSION_SUBSCRIBE}, {"device"});
  ASSERT_TRUE(manager.Create(ConsumerOf("reader", "device")).ok());
  v1::ResetConsumerRequest reset;
  reset.set_name("reader");
  reset.mutable_start()->mutable_now();
  ASSERT_TRUE(manager.Reset(reset).ok());
  ASSERT_TRUE(manager.Delete("reader").ok());
  KeyClient admin(server_->channel(), "administrators-secret-of-this-test");
  v1::FetchMissedRequest fetch;
  fetch.set_instance("playhead.audit");
  fetch.mutable_start()->mutable_beginning();
  v1::FetchMissedResponse response;
  grpc::ClientContext context;
  testing::SetSecret(context, admin.secret());
  ASSERT_TRUE(admin.events().FetchMissed(&context, fetch, &response).ok());
  std::vector<std::string> types;
  for (const v1::Event& event : response.events()) {
    if (event.type() != "audit.key_created") types.push_back(event.type());
  }
  EXPECT_THAT(types, ElementsAre("audit.consumer_created", "audit.consumer_reset", "audit.consumer_deleted"));
}

}  // namespace
}  // namespace playhead
