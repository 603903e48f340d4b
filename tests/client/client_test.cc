// Single calls: which are retried and which are not, paging, and the events that they return.

#include "client/client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/mocks/mock_connection.h"
#include "proto/errors.h"

namespace playhead {
namespace {

using ::testing::ElementsAre;
using ::testing::Return;

// A clock on which waiting takes no time but is noted.
class InstantTimers : public Timers {
 public:
  absl::Time Now() override { return now_; }
  Id RunAfter(absl::Duration delay, absl::AnyInvocable<void()> run) override {
    now_ += delay;
    delays.push_back(delay);
    run();
    return 1;
  }
  bool Cancel(Id) override { return false; }

  std::vector<absl::Duration> delays;

 private:
  absl::Time now_ = absl::FromUnixSeconds(1'700'000'000);
};

class ClientTest : public ::testing::Test {
 protected:
  const std::shared_ptr<MockConnection> connection_ = std::make_shared<MockConnection>();
  const std::shared_ptr<InstantTimers> timers_ = std::make_shared<InstantTimers>();
  Client client_{connection_, {.timers = timers_}};
};

const NewEvent kEvent = {.type = "t", .data = "1"};
const NewEvent kEventWithId = {.type = "t", .data = "1", .id = "id-1"};

TEST_F(ClientTest, AppendReturnsAReceiptForEachEvent) {
  v1::AppendResponse response;
  response.add_cursors(7);
  response.add_cursors(8);
  response.add_duplicates(0);
  response.set_head_cursor(8);
  response.set_durability(v1::DURABILITY_DISK);
  v1::AppendRequest request;
  EXPECT_CALL(*connection_, Append).WillOnce([&](const v1::AppendRequest& sent, absl::Time deadline) {
    EXPECT_EQ(deadline, timers_->Now() + absl::Seconds(30));
    request = sent;
    return response;
  });
  const NewEvent event = {.type = "a", .data = "x", .id = "i", .created_at = 5, .attributes = {{"k", "v"}}};
  const absl::StatusOr<AppendResult> result = client_.Append("bot", {event, kEvent}, {.expected_cursor = 6});
  ASSERT_TRUE(result.ok());
  ASSERT_EQ(result->receipts.size(), 2u);
  EXPECT_EQ(result->receipts[0].cursor, 7u);
  EXPECT_TRUE(result->receipts[0].duplicate);
  EXPECT_FALSE(result->receipts[1].duplicate);
  EXPECT_EQ(result->head_cursor, 8u);
  EXPECT_EQ(result->durability, v1::DURABILITY_DISK);
  EXPECT_EQ(request.instance(), "bot");
  EXPECT_EQ(request.expected_cursor(), 6u);
  EXPECT_EQ(request.events(0).type(), "a");
  EXPECT_EQ(request.events(0).data(), "x");
  EXPECT_EQ(request.events(0).id(), "i");
  EXPECT_EQ(request.events(0).created_at(), 5);
  EXPECT_EQ(request.events(0).attributes().at("k"), "v");
}

TEST_F(ClientTest, AnAppendWithoutIdentityIsRepeatedOnlyIfNothingWasStored) {
  EXPECT_CALL(*connection_, Append)
      .WillOnce(Return(MakeError(Reason::kAppendQueueFull, "busy")))
      .WillOnce(Return(absl::UnavailableError("connection reset")));
  EXPECT_TRUE(absl::IsUnavailable(client_.Append("bot", {kEvent}).status()));
  EXPECT_CALL(*connection_, Append).WillOnce(Return(MakeError(Reason::kAppendUncertain, "sync failed")));
  EXPECT_TRUE(HasReason(client_.Append("bot", {kEvent}).status(), Reason::kAppendUncertain));
}

TEST_F(ClientTest, AnAppendWithAnIdentityIsRepeated) {
  EXPECT_CALL(*connection_, Append)
      .WillOnce(Return(absl::UnavailableError("connection reset")))
      .WillOnce(Return(MakeError(Reason::kAppendUncertain, "sync failed")))
      .WillOnce(Return(v1::AppendResponse()));
  EXPECT_TRUE(client_.Append("bot", {kEventWithId}).ok());
  EXPECT_CALL(*connection_, Append)
      .WillOnce(Return(absl::UnavailableError("connection reset")))
      .WillOnce(Return(v1::AppendResponse()));
  v1::Producer producer;
  producer.set_id("p");
  producer.set_sequence(1);
  EXPECT_TRUE(client_.Append("bot", {kEvent}, {.producer = producer}).ok());
}

TEST_F(ClientTest, ARefusalIsNotRepeated) {
  EXPECT_CALL(*connection_, Append).WillOnce(Return(MakeError(Reason::kCursorMismatch, "no", {.head = 9})));
  const absl::Status status = client_.Append("bot", {kEventWithId}).status();
  EXPECT_EQ(ToProto(status).head_cursor(), 9u);
}

TEST_F(ClientTest, RepeatsWithGrowingDelaysUntilTheTimeout) {
  EXPECT_CALL(*connection_, GetInstance).WillRepeatedly(Return(absl::UnavailableError("away")));
  EXPECT_TRUE(absl::IsUnavailable(client_.GetInstance("bot").status()));
  absl::Duration bound = absl::Seconds(1);
  absl::Duration waited;
  for (const absl::Duration delay : timers_->delays) {
    EXPECT_LE(delay, bound);
    bound = 2 * bound;
    waited += delay;
  }
  EXPECT_FALSE(timers_->delays.empty());
  EXPECT_LE(waited, absl::Seconds(30));
}

// Pages of a log that has the cursors 1 to 5.
absl::StatusOr<SharedBytes> TwoAtATime(const v1::FetchMissedRequest& request, absl::Time) {
  v1::FetchMissedResponse page;
  uint64_t cursor = request.start().after_cursor();
  while (cursor < 5 && page.events_size() < 2 && page.events_size() < static_cast<int>(request.limit())) {
    page.add_events()->set_cursor(++cursor);
  }
  page.set_next_cursor(cursor);
  page.set_first_cursor(1);
  page.set_head_cursor(5);
  page.set_end_reached(cursor == 5);
  return SharedBytes::Of(page.SerializeAsString());
}

TEST_F(ClientTest, FetchMissedWalksAllPages) {
  EXPECT_CALL(*connection_, FetchMissed).Times(3).WillRepeatedly(TwoAtATime);
  std::vector<uint64_t> cursors;
  for (const absl::StatusOr<Event>& event : client_.FetchMissed({.instance = "bot"})) {
    ASSERT_TRUE(event.ok());
    cursors.push_back(event->cursor());
  }
  EXPECT_THAT(cursors, ElementsAre(1, 2, 3, 4, 5));
}

TEST_F(ClientTest, FetchMissedStopsAtItsLimit) {
  EXPECT_CALL(*connection_, FetchMissed).WillRepeatedly(TwoAtATime);
  std::vector<uint64_t> cursors;
  for (const auto& event : client_.FetchMissed({.instance = "bot", .limit = 3})) cursors.push_back(event->cursor());
  EXPECT_THAT(cursors, ElementsAre(1, 2, 3));
}

TEST_F(ClientTest, AFailedPageIsTheLastElement) {
  EXPECT_CALL(*connection_, FetchMissed).WillOnce(TwoAtATime).WillOnce(Return(MakeError(Reason::kDataLoss, "rot")));
  std::vector<std::string> seen;
  for (const auto& event : client_.FetchMissed({.instance = "bot"})) {
    seen.push_back(event.ok() ? absl::StrCat(event->cursor()) : std::string(event.status().message()));
  }
  EXPECT_THAT(seen, ElementsAre("1", "2", "rot"));
}

TEST_F(ClientTest, ReversePagesGoDownFromUntil) {
  std::vector<uint64_t> untils;
  EXPECT_CALL(*connection_, FetchMissed).WillRepeatedly([&](const v1::FetchMissedRequest& request, absl::Time) {
    untils.push_back(request.until_cursor());
    v1::FetchMissedResponse page;
    page.add_events()->set_cursor(request.until_cursor());
    page.set_next_cursor(request.until_cursor() - 1);
    page.set_end_reached(request.until_cursor() == 1);
    return SharedBytes::Of(page.SerializeAsString());
  });
  int events = 0;
  for (const auto& event : client_.FetchMissed({.instance = "bot", .until_cursor = 3, .reverse = true})) {
    events += event.ok();
  }
  EXPECT_EQ(events, 3);
  EXPECT_THAT(untils, ElementsAre(3, 2, 1));
}

TEST_F(ClientTest, APageSaysWhatItKnowsOfTheLog) {
  v1::FetchMissedResponse response;
  response.add_events()->set_cursor(4);
  response.set_next_cursor(4);
  response.set_first_cursor(3);
  response.set_head_cursor(9);
  response.mutable_gap()->set_last_cursor(2);
  EXPECT_CALL(*connection_, FetchMissed).WillOnce(Return(SharedBytes::Of(response.SerializeAsString())));
  const absl::StatusOr<FetchPage> page = client_.FetchMissedPage({.instance = "bot", .allow_gap = true});
  ASSERT_TRUE(page.ok());
  EXPECT_EQ(page->events.size(), 1u);
  EXPECT_EQ(page->next_cursor, 4u);
  EXPECT_EQ(page->first_cursor, 3u);
  EXPECT_EQ(page->head_cursor, 9u);
  EXPECT_FALSE(page->end_reached);
  EXPECT_EQ(page->gap->last_cursor(), 2u);
}

TEST_F(ClientTest, ListInstancesFollowsPageTokens) {
  v1::ListInstancesResponse first;
  first.add_instances()->set_name("a");
  first.set_next_page_token("more");
  v1::ListInstancesResponse second;
  second.add_instances()->set_name("b");
  EXPECT_CALL(*connection_, ListInstances)
      .WillOnce(Return(first))
      .WillOnce([&](const v1::ListInstancesRequest& request, absl::Time) {
        EXPECT_EQ(request.page_token(), "more");
        EXPECT_EQ(request.prefix(), "p");
        return second;
      });
  std::vector<std::string> names;
  for (const auto& instance : client_.ListInstances("p")) names.push_back(instance->name());
  EXPECT_THAT(names, ElementsAre("a", "b"));
}

TEST(ClientCreateTest, RefusesOptionsOutOfRange) {
  for (const ClientOptions& options :
       {ClientOptions{}, ClientOptions{.target = "h:1", .backoff = {.initial_delay = absl::ZeroDuration()}},
        ClientOptions{.target = "h:1", .request_timeout = absl::ZeroDuration()},
        ClientOptions{.target = "h:1", .keepalive_interval = absl::ZeroDuration()}}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Client::Create(options).status()));
  }
}

}  // namespace
}  // namespace playhead
