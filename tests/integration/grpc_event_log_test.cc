// The native API over real gRPC: appends, fetches, lists, health and reflection.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "storage/cursor.h"
#include "storage/limits.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::AppendNumbered;
using ::testing::ElementsAre;
using ::testing::SizeIs;
using testing::TestServer;

class GrpcEventLogTest : public ::testing::Test {
 protected:
  static v1::AppendRequest Batch(int first, int count) {
    v1::AppendRequest request;
    request.set_instance("device");
    for (int i = first; i < first + count; ++i) {
      v1::Event& event = *request.add_events();
      event.set_type(i % 2 == 0 ? "even" : "odd");
      event.set_data(absl::StrCat(i));
    }
    return request;
  }

  v1::AppendResponse Append(const v1::AppendRequest& request) {
    grpc::ClientContext context;
    v1::AppendResponse response;
    const grpc::Status status = server_.stub().Append(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  v1::FetchMissedResponse Fetch(const v1::FetchMissedRequest& request) {
    grpc::ClientContext context;
    v1::FetchMissedResponse response;
    const grpc::Status status = server_.stub().FetchMissed(&context, request, &response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return response;
  }

  static v1::FetchMissedRequest FetchAfter(uint64_t cursor) {
    v1::FetchMissedRequest request;
    request.set_instance("device");
    request.mutable_start()->set_after_cursor(cursor);
    return request;
  }

  void Trim(uint64_t first_kept) {
    const auto instance = *testing::Await<std::shared_ptr<storage::Instance>>(
        [&](auto done) { server_.log().OpenInstance("device", storage::OpenMode::kExisting, std::move(done)); });
    ASSERT_TRUE(testing::AwaitStatus([&](auto done) {
                  server_.log().Trim(instance, storage::Cursor(first_kept), std::move(done));
                }).ok());
  }

  static std::vector<uint64_t> Cursors(const v1::FetchMissedResponse& response) {
    std::vector<uint64_t> cursors;
    for (const v1::Event& event : response.events()) cursors.push_back(event.cursor());
    return cursors;
  }

  TestServer server_;
};

TEST_F(GrpcEventLogTest, AppendGivesContiguousCursorsAndStoresEveryField) {
  v1::AppendRequest request;
  request.set_instance("device");
  v1::Event& event = *request.add_events();
  event.set_type("message");
  event.set_id("wamid.1");
  event.set_created_at(12345);
  event.set_data("{\"a\": 1}");
  (*event.mutable_attributes())["dialect"] = "photon";
  const v1::AppendResponse first = Append(request);
  EXPECT_THAT(first.cursors(), ElementsAre(1));
  EXPECT_THAT(first.duplicates(), SizeIs(0));
  EXPECT_EQ(first.head_cursor(), 1u);
  EXPECT_EQ(first.durability(), v1::DURABILITY_OS);
  EXPECT_THAT(Append(Batch(2, 3)).cursors(), ElementsAre(2, 3, 4));

  const v1::FetchMissedResponse page = Fetch(FetchAfter(0));
  ASSERT_EQ(page.events_size(), 4);
  v1::Event stored = page.events(0);
  EXPECT_EQ(stored.cursor(), 1u);
  EXPECT_GT(stored.appended_at(), 0);
  stored.clear_cursor();
  stored.clear_appended_at();
  EXPECT_EQ(stored.SerializeAsString(), event.SerializeAsString());
}

TEST_F(GrpcEventLogTest, RepeatedAppendIsADuplicateWithTheFirstCursors) {
  v1::AppendRequest request = Batch(1, 3);
  for (v1::Event& event : *request.mutable_events()) event.set_id(absl::StrCat("id-", event.data()));
  Append(request);
  v1::Event& added = *request.add_events();
  added.set_type("odd");
  added.set_id("id-new");
  const v1::AppendResponse second = Append(request);
  EXPECT_THAT(second.cursors(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(second.duplicates(), ElementsAre(0, 1, 2));
  EXPECT_EQ(second.head_cursor(), 4u);
}

TEST_F(GrpcEventLogTest, FetchPagesForwardsToTheEnd) {
  Append(Batch(1, 25));
  v1::FetchMissedRequest request = FetchAfter(3);
  request.set_limit(10);
  v1::FetchMissedResponse page = Fetch(request);
  EXPECT_EQ(Cursors(page), (std::vector<uint64_t>{4, 5, 6, 7, 8, 9, 10, 11, 12, 13}));
  EXPECT_EQ(page.next_cursor(), 13u);
  EXPECT_EQ(page.first_cursor(), 1u);
  EXPECT_EQ(page.head_cursor(), 25u);
  EXPECT_FALSE(page.end_reached());
  request.mutable_start()->set_after_cursor(13);
  request.set_limit(100);
  page = Fetch(request);
  EXPECT_EQ(page.events_size(), 12);
  EXPECT_EQ(page.next_cursor(), 25u);
  EXPECT_TRUE(page.end_reached());
}

TEST_F(GrpcEventLogTest, FetchStopsAtUntilCursor) {
  Append(Batch(1, 25));
  v1::FetchMissedRequest request = FetchAfter(3);
  request.set_until_cursor(5);
  const v1::FetchMissedResponse page = Fetch(request);
  EXPECT_EQ(Cursors(page), (std::vector<uint64_t>{4, 5}));
  EXPECT_TRUE(page.end_reached());
}

TEST_F(GrpcEventLogTest, FetchPagesBackwards) {
  Append(Batch(1, 9));
  v1::FetchMissedRequest request = FetchAfter(2);
  request.set_reverse(true);
  request.set_limit(4);
  v1::FetchMissedResponse page = Fetch(request);
  EXPECT_EQ(Cursors(page), (std::vector<uint64_t>{9, 8, 7, 6}));
  EXPECT_EQ(page.next_cursor(), 5u);
  EXPECT_FALSE(page.end_reached());
  request.set_until_cursor(page.next_cursor());
  page = Fetch(request);
  EXPECT_EQ(Cursors(page), (std::vector<uint64_t>{5, 4, 3}));
  EXPECT_TRUE(page.end_reached());
}

TEST_F(GrpcEventLogTest, FetchFiltersAndItsCursorCountsWhatWasSkipped) {
  Append(Batch(1, 9));
  v1::FetchMissedRequest request = FetchAfter(0);
  request.add_types("ev*");
  v1::FetchMissedResponse page = Fetch(request);
  EXPECT_EQ(Cursors(page), (std::vector<uint64_t>{2, 4, 6, 8}));
  EXPECT_EQ(page.next_cursor(), 9u);
  EXPECT_TRUE(page.end_reached());
  request.set_reverse(true);
  request.set_limit(2);
  page = Fetch(request);
  EXPECT_EQ(Cursors(page), (std::vector<uint64_t>{8, 6}));
}

TEST_F(GrpcEventLogTest, FetchWithARareFilterGivesShortPagesThatLeadToTheEnd) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.limits.fetch_scan_bytes_max = 200'000;
  TestServer server(options);
  for (uint64_t i = 0; i < 100; ++i) AppendNumbered(server.log(), "device", i * 100 + 1, 99, "noise", 500);
  AppendNumbered(server.log(), "device", 1, 1, "signal");
  v1::FetchMissedRequest request = FetchAfter(0);
  request.add_types("signal");
  int pages = 0;
  for (bool end = false; !end; ++pages) {
    grpc::ClientContext context;
    v1::FetchMissedResponse page;
    ASSERT_TRUE(server.stub().FetchMissed(&context, request, &page).ok());
    end = page.end_reached();
    EXPECT_EQ(page.events_size(), end ? 1 : 0);
    EXPECT_GT(page.next_cursor(), request.start().after_cursor());
    request.mutable_start()->set_after_cursor(page.next_cursor());
  }
  EXPECT_GT(pages, 1);
}

TEST_F(GrpcEventLogTest, ALookUpByIdFromTheNewestDownReachesTheOldest) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.limits.fetch_scan_bytes_max = 200'000;
  TestServer server(options);
  const std::vector<NewEvent> wanted = {{.type = "message", .data = "1", .id = "wamid.x"},
                                        {.type = "status", .data = "2", .id = "wamid.x:read:1"}};
  testing::AppendAndWait(server.log(), "device", wanted);
  for (uint64_t i = 0; i < 100; ++i) AppendNumbered(server.log(), "device", i * 100 + 1, 99, "noise", 500);
  v1::FetchMissedRequest request = FetchAfter(0);
  request.set_reverse(true);
  request.set_id_prefix("wamid.x");
  std::vector<uint64_t> found;
  int pages = 0;
  for (bool end = false; !end; ++pages) {
    grpc::ClientContext context;
    v1::FetchMissedResponse page;
    ASSERT_TRUE(server.stub().FetchMissed(&context, request, &page).ok());
    for (const uint64_t cursor : Cursors(page)) found.push_back(cursor);
    end = page.end_reached();
    ASSERT_TRUE(end || request.until_cursor() == 0 || page.next_cursor() < request.until_cursor());
    request.set_until_cursor(page.next_cursor());
  }
  EXPECT_EQ(found, (std::vector<uint64_t>{2, 1}));
  EXPECT_GT(pages, 1);
}

TEST_F(GrpcEventLogTest, FetchOfLargeEventsFitsAMessage) {
  for (uint64_t i = 1; i <= 8; ++i) AppendNumbered(server_.log(), "device", i, 1, "large", 1'000'000);
  v1::FetchMissedRequest request = FetchAfter(0);
  size_t events = 0;
  for (;;) {
    const v1::FetchMissedResponse page = Fetch(request);
    EXPECT_LE(page.ByteSizeLong(), size_t{4} << 20);
    ASSERT_GT(page.events_size(), 0);
    for (const uint64_t cursor : Cursors(page)) EXPECT_EQ(cursor, ++events);
    if (page.end_reached()) break;
    request.mutable_start()->set_after_cursor(page.next_cursor());
  }
  EXPECT_EQ(events, 8u);
  while (server_.server().delivery_budget().in_use() > 0) std::this_thread::yield();
}

TEST_F(GrpcEventLogTest, FetchFromNowIsEmptyAndSaysWhereNowIs) {
  Append(Batch(1, 9));
  v1::FetchMissedRequest request = FetchAfter(0);
  request.mutable_start()->mutable_now();
  const v1::FetchMissedResponse page = Fetch(request);
  EXPECT_EQ(page.events_size(), 0);
  EXPECT_EQ(page.next_cursor(), 9u);
  EXPECT_TRUE(page.end_reached());
}

TEST_F(GrpcEventLogTest, FetchFromATime) {
  Append(Batch(1, 3));
  const int64_t later = Fetch(FetchAfter(0)).events(2).appended_at() + 1;
  while (storage::Timestamp::Now().micros() < later) {
  }
  Append(Batch(4, 3));
  v1::FetchMissedRequest request = FetchAfter(0);
  request.mutable_start()->set_time(later);
  EXPECT_EQ(Cursors(Fetch(request)), (std::vector<uint64_t>{4, 5, 6}));
}

TEST_F(GrpcEventLogTest, FetchOfTrimmedHistoryTellsTheGapIfAllowedTo) {
  Append(Batch(1, 9));
  Trim(6);
  v1::FetchMissedRequest request = FetchAfter(2);
  request.set_allow_gap(true);
  const v1::FetchMissedResponse page = Fetch(request);
  EXPECT_EQ(page.gap().cause(), v1::Gap::TRIMMED);
  EXPECT_EQ(page.gap().after_cursor(), 2u);
  EXPECT_EQ(page.gap().last_cursor(), 5u);
  EXPECT_EQ(page.gap().event_count(), 3u);
  EXPECT_EQ(Cursors(page), (std::vector<uint64_t>{6, 7, 8, 9}));
  request.mutable_start()->mutable_beginning();
  EXPECT_FALSE(Fetch(request).has_gap());
}

TEST_F(GrpcEventLogTest, FetchOfANewNameIsAnEmptyLog) {
  const v1::FetchMissedResponse page = Fetch(FetchAfter(0));
  EXPECT_EQ(page.events_size(), 0);
  EXPECT_EQ(page.head_cursor(), 0u);
  EXPECT_TRUE(page.end_reached());
}

TEST_F(GrpcEventLogTest, InstancesAreDescribedListedInPagesAndDeleted) {
  for (int i = 10; i < 30; ++i) AppendNumbered(server_.log(), absl::StrCat("a-", i), 1, 3);
  AppendNumbered(server_.log(), "b", 1, 1);
  v1::ListInstancesRequest list;
  list.set_prefix("a-");
  list.set_page_size(7);
  std::vector<std::string> names;
  int pages = 0;
  do {
    grpc::ClientContext context;
    v1::ListInstancesResponse page;
    ASSERT_TRUE(server_.stub().ListInstances(&context, list, &page).ok());
    for (const v1::Instance& instance : page.instances()) {
      names.push_back(instance.name());
      EXPECT_EQ(instance.head_cursor(), 3u);
      EXPECT_EQ(instance.event_count(), 3u);
    }
    list.set_page_token(page.next_page_token());
    ++pages;
  } while (!list.page_token().empty());
  EXPECT_EQ(pages, 3);
  ASSERT_EQ(names.size(), 20u);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));

  v1::DeleteInstanceRequest remove;
  remove.set_instance("a-10");
  v1::DeleteInstanceResponse removed;
  grpc::ClientContext remove_context;
  ASSERT_TRUE(server_.stub().DeleteInstance(&remove_context, remove, &removed).ok());
  v1::GetInstanceRequest get;
  get.set_instance("a-10");
  v1::Instance instance;
  grpc::ClientContext gone_context;
  EXPECT_EQ(server_.stub().GetInstance(&gone_context, get, &instance).error_code(), grpc::StatusCode::NOT_FOUND);
  get.set_instance("b");
  grpc::ClientContext get_context;
  ASSERT_TRUE(server_.stub().GetInstance(&get_context, get, &instance).ok());
  EXPECT_EQ(instance.name(), "b");
  EXPECT_EQ(instance.first_cursor(), 1u);
  EXPECT_GT(instance.created_at(), 0);
  EXPECT_GT(instance.last_appended_at(), 0);
  EXPECT_GT(instance.appended_bytes(), 0u);
}

// Calls a method of a service whose stubs are not compiled in, with the bytes of one message.
std::string CallRaw(TestServer& server, const std::string& method, const std::string& message) {
  grpc::GenericStub stub(server.channel());
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  const auto call = stub.PrepareCall(&context, method, &queue);
  const auto wait = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok) && ok;
  };
  call->StartCall(nullptr);
  wait();
  const grpc::Slice slice(message);
  call->Write(grpc::ByteBuffer(&slice, 1), grpc::WriteOptions().set_last_message(), nullptr);
  wait();
  grpc::ByteBuffer response;
  call->Read(&response, nullptr);
  std::string bytes;
  if (wait()) {
    grpc::Slice answer;
    EXPECT_TRUE(response.DumpToSingleSlice(&answer).ok());
    bytes.assign(reinterpret_cast<const char*>(answer.begin()), answer.size());
  }
  grpc::Status status;
  call->Finish(&status, nullptr);
  wait();
  EXPECT_TRUE(status.ok()) << status.error_message();
  return bytes;
}

TEST_F(GrpcEventLogTest, HealthSaysServing) {
  const std::string serving("\x08\x01", 2);  // HealthCheckResponse{status: SERVING}
  EXPECT_EQ(CallRaw(server_, "/grpc.health.v1.Health/Check", ""), serving);
  const std::string name = "playhead.v1.EventLog";
  EXPECT_EQ(CallRaw(server_, "/grpc.health.v1.Health/Check",
                    absl::StrCat("\x0a", std::string(1, static_cast<char>(name.size())), name)),
            serving);
}

TEST_F(GrpcEventLogTest, ReflectionNamesTheService) {
  // ServerReflectionRequest{list_services: "*"}
  EXPECT_THAT(CallRaw(server_, "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", "\x3a\x01*"),
              ::testing::HasSubstr("playhead.v1.EventLog"));
}

}  // namespace
}  // namespace playhead
