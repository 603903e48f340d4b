// The Photon API over real gRPC. Where Photon's client by itself would lose events (G1 to G12 in
// docs/clients/photon.md), the broker closes the gap; each gap has a test here that names it. tests/compat/photon tests
// the unmodified client.
#include <gmock/gmock.h>
#include <grpcpp/completion_queue.h>
#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "broker/auth/authenticator.h"
#include "broker/auth/instance_patterns.h"
#include "broker/auth/secret.h"
#include "broker/dialects/photon/continuations.h"
#include "photon/whatsapp/v1/message_service.grpc.pb.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "storage/cursor.h"
#include "tests/integration/photon_client.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

namespace wire = ::photon::whatsapp::v1;

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::PhotonClient;
using testing::PhotonOutcome;
using testing::PhotonStream;
using testing::TestServer;

std::string Id(int number) { return absl::StrFormat("wamid.%05d", number); }

std::vector<std::string> Ids(int first, int last) {
  std::vector<std::string> ids;
  for (int i = first; i <= last; ++i) ids.push_back(Id(i));
  return ids;
}

std::string MessageData(const std::string& id, const std::string& body = "hello") {
  return absl::StrCat(
      R"({"metadata":{"phone_number_id":"phone"},"contact":{"wa_id":"15550001","profile":{"name":"Ann"}},)",
      R"("message":{"id":")", id, R"(","from":"15550001","timestamp":"1700000000","type":"text","text":{"body":")",
      body, R"("}}})");
}

class PhotonTest : public ::testing::Test {
 protected:
  // Starts the broker, or starts it anew.
  void Serve(broker::ServerOptions options = testing::TestServerOptions()) {
    client_.reset();
    server_.reset();
    options.store.data_dir = dir_.path();
    server_ = std::make_unique<TestServer>(options);
    client_ = std::make_unique<PhotonClient>(server_->server().grpc_address());
  }

  TestServer& server() {
    if (server_ == nullptr) Serve();
    return *server_;
  }
  PhotonClient& client() {
    server();
    return *client_;
  }
  PhotonClient NewConnection(testing::PhotonCredentials credentials = {}) {
    return PhotonClient(server().server().grpc_address(), std::move(credentials));
  }

  void Append(absl::string_view type, const std::string& data, const char* dialect = "whatsapp") {
    const NewEvent event{.type = type, .data = data, .attributes = {{"dialect", dialect}}};
    testing::AppendAndWait(server().log(), "phone", {event});
  }
  // Messages `first` to `last`, in one append.
  void AppendMessages(int first, int last, size_t body_bytes = 5) {
    std::vector<std::string> data;
    for (int i = first; i <= last; ++i) data.push_back(MessageData(Id(i), std::string(body_bytes, 'x')));
    std::vector<NewEvent> events;
    for (const std::string& text : data) {
      events.push_back({.type = "message.received", .data = text, .attributes = {{"dialect", "whatsapp"}}});
    }
    testing::AppendAndWait(server().log(), "phone", events);
  }
  // Events that are not shown.
  void AppendOthers(int count) { testing::AppendNumbered(server().log(), "phone", 1, static_cast<uint64_t>(count)); }

  std::string CursorText(uint64_t cursor) {
    const auto instance = testing::Await<std::shared_ptr<storage::Instance>>([&](auto done) {
      server().log().OpenInstance("phone", storage::OpenMode::kCreateIfPermitted, std::move(done));
    });
    return storage::EventId{(*instance)->number(), storage::Cursor(cursor), 0}.ToString();
  }

 private:
  const testing::TempDir dir_;
  std::unique_ptr<TestServer> server_;
  std::unique_ptr<PhotonClient> client_;
};

TEST_F(PhotonTest, G1AFirstSubscribeIsBouncedAndTheSavedCursorResumes) {
  AppendMessages(1, 10);
  PhotonStream first = client().Subscribe();
  EXPECT_FALSE(first.Read().has_value());
  EXPECT_TRUE(first.Finish().status.ok());
  AppendMessages(11, 12);
  const auto missed = client().Fetch(CursorText(4));
  EXPECT_EQ(missed.ids, Ids(5, 12));
  AppendMessages(13, 14);
  PhotonStream stream = client().Subscribe();
  EXPECT_EQ(stream.ReadIds(2), Ids(13, 14));
}

TEST_F(PhotonTest, G1AClientWithoutACursorIsBouncedOnceAndStartsWhereItWasBounced) {
  AppendMessages(1, 3);
  PhotonStream first = client().Subscribe();
  EXPECT_FALSE(first.Read().has_value());
  AppendMessages(4, 5);
  const auto stream = client().SubscribeAfterBounce();
  EXPECT_EQ(stream->ReadIds(2), Ids(4, 5));
}

TEST_F(PhotonTest, G1SetToLiveAFirstSubscribeStartsAtTheEndOfTheLog) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.dialects.photon.first_subscribe = broker::photon::FirstSubscribe::kLive;
  Serve(options);
  AppendMessages(1, 3);
  PhotonStream stream = client().Subscribe();
  const auto frame = stream.Read();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->cursor().value(), CursorText(3));
  AppendMessages(4, 5);
  EXPECT_EQ(stream.ReadIds(2), Ids(4, 5));
}

TEST_F(PhotonTest, G2TheFirstFrameIsAHeartbeatWithTheCursorOfTheStart) {
  AppendMessages(1, 3);
  client().Fetch(CursorText(3));
  std::string cursor;
  {
    PhotonStream stream = client().Subscribe();
    const auto frame = stream.Read();
    ASSERT_TRUE(frame.has_value());
    EXPECT_TRUE(frame->has_heartbeat());
    cursor = frame->cursor().value();
    EXPECT_EQ(cursor, CursorText(3));
  }
  AppendMessages(4, 5);  // The outage of a client that never got an event.
  EXPECT_EQ(NewConnection().Fetch(cursor).ids, Ids(4, 5));
}

TEST_F(PhotonTest, G3WhatComesBetweenFetchAndSubscribeIsOnTheStream) {
  AppendMessages(1, 3);
  EXPECT_EQ(client().Fetch(CursorText(1)).ids, Ids(2, 3));
  AppendMessages(4, 6);
  PhotonStream stream = client().Subscribe();
  EXPECT_EQ(stream.ReadIds(3), Ids(4, 6));
}

TEST_F(PhotonTest, G3TheLowestOfSeveralFetchesCounts) {
  AppendMessages(1, 9);
  EXPECT_EQ(client().Fetch(CursorText(6), 1).ids, Ids(7, 7));
  EXPECT_EQ(client().Fetch(CursorText(2), 2).ids, Ids(3, 4));
  PhotonStream stream = client().Subscribe();
  EXPECT_EQ(stream.ReadIds(5), Ids(5, 9));
}

TEST_F(PhotonTest, G4ABacklogOf10MiBArrivesByOneFetchAndTheStreamBehindIt) {
  constexpr int kMessages = 2560;
  for (int i = 0; i < kMessages; i += 256) AppendMessages(i + 1, i + 256, 4096);
  const auto missed = client().Fetch(CursorText(0));
  EXPECT_TRUE(missed.outcome.status.ok());
  EXPECT_GT(missed.bytes, size_t{2} << 20);
  EXPECT_LE(missed.bytes, size_t{3} << 20);
  const int fetched = static_cast<int>(missed.ids.size());
  EXPECT_EQ(missed.ids, Ids(1, fetched));
  PhotonStream stream = client().Subscribe();
  EXPECT_EQ(stream.ReadIds(static_cast<size_t>(kMessages - fetched)), Ids(fetched + 1, kMessages));
}

TEST_F(PhotonTest, G5AFetchWhoseReplyDidNotGoOutCountsFromItsStart) {
  for (int i = 0; i < 1024; i += 256) AppendMessages(i + 1, i + 256, 4096);
  grpc::CompletionQueue queue;
  const auto await_tag = [&queue] {
    void* tag = nullptr;
    bool ok = false;
    return queue.Next(&tag, &ok);
  };
  grpc::ClientContext context;
  client().Prepare(context);
  wire::FetchMissedEventsRequest request;
  request.mutable_cursor()->set_value(CursorText(2));
  const auto call = client().messages().PrepareAsyncFetchMissedEvents(&context, request, &queue);
  call->StartCall();
  // The reply's head is here. Its 3 MiB are not read, so that they cannot all have gone out when the call is cancelled.
  call->ReadInitialMetadata(nullptr);
  ASSERT_TRUE(await_tag());
  context.TryCancel();
  PhotonStream stream = client().Subscribe();
  EXPECT_EQ(stream.ReadIds(3), Ids(3, 5));
  wire::FetchMissedEventsResponse response;
  grpc::Status status;
  call->Finish(&response, &status, nullptr);
  EXPECT_TRUE(await_tag());
  queue.Shutdown();
  EXPECT_FALSE(await_tag());
}

TEST_F(PhotonTest, G6WhatIsDamagedIsPassedOverAndTakesNothingWithIt) {
  AppendMessages(1, 1);
  Append("message.received", "not JSON");
  Append("message.received", R"({"message":{"id":"wamid.00002","from":"1","timestamp":"1","type":"image"}})");
  Append("status.read", R"({"status":{"id":"wamid.x","status":"who knows","timestamp":"1","recipient_id":"1"}})");
  AppendMessages(3, 3);
  EXPECT_EQ(client().Fetch(CursorText(0)).ids, Ids(1, 3));
  PhotonStream stream = client().Subscribe();
  Append("message.received", "{}");
  Append("message.received", R"({"message":{"id":"wamid.00004","from":"1","timestamp":"1","type":"interactive"}})");
  std::optional<PhotonStream::Frame> frame;
  do {
    frame = stream.Read();
    ASSERT_TRUE(frame.has_value());
  } while (!frame->has_message());
  EXPECT_EQ(frame->message().id(), Id(4));
  EXPECT_NE(frame->message().type(), "interactive");  // The client throws where a type's content is missing.
}

TEST_F(PhotonTest, G7TheFirstHeartbeatSaysWhereTheFetchGot) {
  AppendMessages(1, 5);
  AppendOthers(3);
  EXPECT_EQ(client().Fetch(CursorText(2)).ids, Ids(3, 5));
  PhotonStream stream = client().Subscribe();
  const auto frame = stream.Read();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->cursor().value(), CursorText(8));
}

TEST_F(PhotonTest, G8HeartbeatsComeAndTheirCursorIsNeverAheadOfWhatWasWritten) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.dialects.photon.heartbeat_interval = absl::Milliseconds(20);
  options.limits.progress_interval = absl::Milliseconds(20);
  Serve(options);
  AppendMessages(1, 1);
  client().Fetch(CursorText(1));
  PhotonStream stream = client().Subscribe();
  for (int i = 0; i < 3; ++i) {
    const auto frame = stream.Read();
    ASSERT_TRUE(frame.has_value());
    EXPECT_TRUE(frame->has_heartbeat());
    EXPECT_EQ(frame->cursor().value(), CursorText(1));
  }
  // Cursors 2 to 4 are not shown: only a heartbeat tells of them. Then one that is.
  AppendOthers(3);
  std::string cursor = CursorText(1);
  while (cursor != CursorText(4)) {
    const auto frame = stream.Read();
    ASSERT_TRUE(frame.has_value());
    ASSERT_TRUE(frame->has_heartbeat());
    EXPECT_GE(frame->cursor().value(), cursor);
    cursor = frame->cursor().value();
  }
  AppendMessages(5, 5);
  for (bool shown = false;;) {
    const auto frame = stream.Read();
    ASSERT_TRUE(frame.has_value());
    if (frame->has_message()) shown = true;
    EXPECT_EQ(frame->cursor().value() >= CursorText(5), shown);
    if (shown) break;
  }
}

TEST_F(PhotonTest, G9AnIdleStreamIsNotEndedByTheBroker) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.dialects.photon.heartbeat_interval = absl::Milliseconds(10);
  Serve(options);
  client().Fetch(CursorText(0));
  PhotonStream stream = client().Subscribe();
  for (int i = 0; i < 100; ++i) {
    const auto frame = stream.Read();
    ASSERT_TRUE(frame.has_value());
    ASSERT_TRUE(frame->has_heartbeat());
  }
}

TEST_F(PhotonTest, G10ACursorThatIsTooOldOrUnknownGoesOnAtTheEarliestKeptEvent) {
  AppendMessages(1, 9);
  auto instance = testing::Await<std::shared_ptr<storage::Instance>>(
      [&](auto done) { server().log().OpenInstance("phone", storage::OpenMode::kExisting, std::move(done)); });
  ASSERT_TRUE(testing::AwaitStatus([&](auto done) {
                server().log().Trim(*instance, storage::Cursor(6), std::move(done));
              }).ok());
  for (const std::string& cursor : {CursorText(2), CursorText(99), std::string("2"),
                                    storage::EventId{storage::InstanceNumber(999), storage::Cursor(7), 0}.ToString()}) {
    EXPECT_EQ(client().Fetch(cursor).ids, Ids(6, 9)) << cursor;
  }
  PhotonStream stream = client().Subscribe();
  EXPECT_TRUE(stream.Read().has_value());
}

TEST_F(PhotonTest, G10TextThatIsNoCursorIsAnErrorOfTheFetchAlone) {
  AppendMessages(1, 2);
  for (const char* cursor : {"", "nonsense", "evt_0"}) {
    const PhotonOutcome outcome = client().Fetch(cursor).outcome;
    EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(outcome.trailer("error-code"), "invalidArgument");
    EXPECT_EQ(outcome.trailer("x-retryable"), "");
    EXPECT_EQ(outcome.trailer("playhead-error-code"), "MALFORMED_REQUEST");
  }
}

TEST_F(PhotonTest, G11AClientThatDoesNotReadHoldsABoundAndLosesNothing) {
  client().Fetch(CursorText(0));
  PhotonStream slow = client().Subscribe();
  ASSERT_TRUE(slow.Read().has_value());
  constexpr int kMessages = 2048;
  for (int i = 0; i < kMessages; i += 128) AppendMessages(i + 1, i + 128, 8192);
  PhotonClient other = NewConnection();
  other.Fetch(CursorText(kMessages - 1));
  PhotonStream quick = other.Subscribe();
  AppendMessages(kMessages + 1, kMessages + 1);
  EXPECT_EQ(quick.ReadIds(1), Ids(kMessages + 1, kMessages + 1));
  EXPECT_LE(server().server().delivery_budget().in_use(), size_t{2} << 20);
  EXPECT_EQ(slow.ReadIds(kMessages + 1), Ids(1, kMessages + 1));
}

TEST_F(PhotonTest, G12FetchingPageByPageAndThenSubscribingMissesNothing) {
  AppendMessages(1, 7);
  std::string cursor = CursorText(0);
  std::vector<std::string> ids;
  for (;;) {
    const auto missed = client().Fetch(cursor, 1);
    if (missed.ids.empty()) break;
    ASSERT_EQ(missed.ids.size(), 1u);
    ids.push_back(missed.ids[0]);
    cursor = missed.cursor;
  }
  EXPECT_EQ(ids, Ids(1, 7));
  AppendMessages(8, 9);
  PhotonStream stream = client().Subscribe();
  EXPECT_EQ(stream.ReadIds(2), Ids(8, 9));
}

TEST_F(PhotonTest, ALimitIsKeptAndOneThatSaysNothingIsNone) {
  AppendMessages(1, 200);
  EXPECT_EQ(client().Fetch(CursorText(0), 7).ids, Ids(1, 7));
  for (const int limit : {0, -1, 100'000}) EXPECT_EQ(client().Fetch(CursorText(0), limit).ids, Ids(1, 200)) << limit;
}

TEST_F(PhotonTest, AFetchReadsOnUntilItFindsSomethingHoweverLong) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.dialects.photon.fetch_time_max = absl::ZeroDuration();
  options.limits.fetch_scan_bytes_max = 1;  // A page ends after each read.
  Serve(options);
  for (uint64_t i = 0; i < 6; ++i) testing::AppendNumbered(server().log(), "phone", i * 8 + 1, 8, "number", 128 << 10);
  AppendMessages(49, 50);
  EXPECT_EQ(client().Fetch(CursorText(0)).ids, Ids(49, 50));
}

TEST_F(PhotonTest, AFetchAnswersWithLittleWhileOthersDoNotReadTheirReplies) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.dialects.photon.reply_budget_bytes = size_t{4} << 20;  // One large reply.
  Serve(options);
  for (int i = 0; i < 1024; i += 256) AppendMessages(i + 1, i + 256, 4096);
  grpc::CompletionQueue queue;
  void* tag = nullptr;
  bool ok = false;
  grpc::ClientContext context;
  client().Prepare(context);
  wire::FetchMissedEventsRequest request;
  request.mutable_cursor()->set_value(CursorText(0));
  const auto stalled = client().messages().PrepareAsyncFetchMissedEvents(&context, request, &queue);
  stalled->StartCall();
  stalled->ReadInitialMetadata(nullptr);
  ASSERT_TRUE(queue.Next(&tag, &ok));  // Its reply holds the budget, and is not read.

  PhotonClient other = NewConnection();
  const auto missed = other.Fetch(CursorText(0));
  const int fetched = static_cast<int>(missed.ids.size());
  EXPECT_GT(fetched, 0);
  EXPECT_LE(missed.bytes, size_t{64} << 10);
  PhotonStream stream = other.Subscribe();
  EXPECT_EQ(stream.ReadIds(static_cast<size_t>(1024 - fetched)), Ids(fetched + 1, 1024));

  context.TryCancel();
  wire::FetchMissedEventsResponse response;
  grpc::Status status;
  stalled->Finish(&response, &status, nullptr);
  EXPECT_TRUE(queue.Next(&tag, &ok));
  queue.Shutdown();
  EXPECT_FALSE(queue.Next(&tag, &ok));
}

TEST_F(PhotonTest, AStreamThatIsRefusedLeavesItsStartToTheNext) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.dialects.photon.first_subscribe =
      broker::photon::FirstSubscribe::kLive;  // Would start at the end of the log.
  options.limits.streams_max = 1;
  Serve(options);
  AppendMessages(1, 3);
  PhotonClient other = NewConnection();
  auto taken = std::make_unique<PhotonStream>(other.messages(), other.credentials());
  ASSERT_TRUE(taken->Read().has_value());
  EXPECT_EQ(client().Fetch(CursorText(0), 1).ids, Ids(1, 1));
  PhotonStream refused = client().Subscribe();
  EXPECT_FALSE(refused.Read().has_value());
  EXPECT_EQ(refused.Finish().trailer("playhead-error-code"), "STREAMS_LIMIT");
  taken.reset();
  for (;;) {  // Until the broker knows that the other stream is over; the deadline of each call ends a test that hangs.
    PhotonStream stream = client().Subscribe();
    if (!stream.Read().has_value()) continue;
    EXPECT_EQ(stream.ReadIds(2), Ids(2, 3));
    break;
  }
}

TEST_F(PhotonTest, ASecondStreamOfAConnectionIsBouncedToo) {
  AppendMessages(1, 3);
  const absl::Time before = absl::Now();
  PhotonStream first = client().Subscribe();
  EXPECT_FALSE(first.Read().has_value());
  PhotonStream second = client().Subscribe();
  const bool let_in = second.Read().has_value();
  // Later than that it is taken for the one that was bounced and returns.
  if (absl::Now() - before < broker::photon::Continuations::Options().bounce_return_min) {
    EXPECT_FALSE(let_in);
  }
  EXPECT_EQ(client().Fetch(CursorText(1)).ids, Ids(2, 3));
  PhotonStream stream = client().Subscribe();
  EXPECT_TRUE(stream.Read().has_value());
}

TEST_F(PhotonTest, AContinuationIsOfItsConnectionAndIdentityAlone) {
  AppendMessages(1, 3);
  client().Fetch(CursorText(1));
  PhotonClient other = NewConnection();
  EXPECT_FALSE(other.Subscribe().Read().has_value());
  client().credentials().access_token = "another token";
  EXPECT_FALSE(client().Subscribe().Read().has_value());
  client().credentials().access_token = "token";
  EXPECT_TRUE(client().Subscribe().Read().has_value());
}

TEST_F(PhotonTest, TheNativeApiShowsTheSameEventsUnderTheSameCursors) {
  AppendMessages(1, 5);
  AppendOthers(2);
  AppendMessages(8, 9);
  grpc::ClientContext context;
  v1::FetchMissedRequest request;
  request.set_instance("phone");
  request.mutable_start()->set_after_cursor(0);
  request.add_types("message.*");
  v1::FetchMissedResponse native;
  ASSERT_TRUE(server().stub().FetchMissed(&context, request, &native).ok());
  client().Fetch("0", 1);
  PhotonStream stream = client().Subscribe();
  ASSERT_TRUE(stream.Read().has_value());
  for (int i = 1; i < native.events_size(); ++i) {
    const auto frame = stream.Read();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->cursor().value(), CursorText(native.events(i).cursor()));
    EXPECT_THAT(native.events(i).data(), ::testing::HasSubstr(frame->message().id()));
  }
}

TEST_F(PhotonTest, ARestartOfTheBrokerLosesNothing) {
  AppendMessages(1, 3);
  client().Fetch(CursorText(0), 2);
  PhotonStream stream = client().Subscribe();
  EXPECT_EQ(stream.ReadIds(1), Ids(3, 3));
  const std::string saved = CursorText(3);
  server().server().Shutdown(absl::Minutes(1));
  EXPECT_FALSE(stream.Read().has_value());
  const PhotonOutcome outcome = stream.Finish();
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(outcome.trailer("error-code"), "serviceUnavailable");
  EXPECT_EQ(outcome.trailer("x-retryable"), "true");
  Serve();
  AppendMessages(4, 5);
  EXPECT_FALSE(client().Subscribe().Read().has_value());
  EXPECT_EQ(client().Fetch(saved).ids, Ids(4, 5));
  EXPECT_TRUE(client().Subscribe().Read().has_value());
}

TEST_F(PhotonTest, WhatIsNotServedSaysSo) {
  grpc::ClientContext context;
  client().Prepare(context);
  wire::SendMessageResponse response;
  const grpc::Status status = client().messages().SendMessage(&context, wire::SendMessageRequest(), &response);
  const PhotonOutcome outcome = PhotonClient::OutcomeOf(status, context);
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNIMPLEMENTED);
  EXPECT_EQ(outcome.trailer("error-code"), "preconditionFailed");
  EXPECT_EQ(outcome.trailer("playhead-error-code"), "NOT_SERVED");
  EXPECT_THAT(outcome.status.error_message(), ::testing::HasSubstr("not served"));
}

TEST_F(PhotonTest, AMediasUrlIsTheNewestOfTheLog) {
  const auto image = [](const char* id, const char* url) {
    return absl::StrCat(R"({"message":{"id":"wamid.1","type":"image","image":{"id":")", id,
                        R"(","mime_type":"image/png","url":")", url, R"("}}})");
  };
  Append("message.received", image("77", "https://example.com/old"));
  Append("message.received", image("77", "https://example.com/new"));
  Append("message.received", image("78", "https://example.com/other"));
  AppendMessages(1, 1500);
  const auto get = [&](const char* media_id) {
    grpc::ClientContext context;
    client().Prepare(context);
    wire::MediaServiceGetUrlRequest request;
    request.set_media_id(media_id);
    wire::MediaServiceGetUrlResponse response;
    const grpc::Status status = client().media().GetUrl(&context, request, &response);
    return std::pair(PhotonClient::OutcomeOf(status, context), response);
  };
  EXPECT_EQ(get("77").second.url(), "https://example.com/new");
  EXPECT_EQ(get("77").second.mime_type(), "image/png");
  const PhotonOutcome missing = get("79").first;
  EXPECT_EQ(missing.status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(missing.trailer("error-code"), "notFound");
  EXPECT_EQ(missing.trailer("playhead-error-code"), "MEDIA_NOT_FOUND");
  EXPECT_EQ(get("").first.trailer("playhead-error-code"), "MALFORMED_REQUEST");
}

TEST_F(PhotonTest, KeysAreCheckedOnEveryCallAndEndTheirStreams) {
  const auto make_key = [&](broker::Permission permission, absl::string_view instances) {
    broker::KeyEntry entry;
    entry.rules.id = broker::NewKeyId();
    entry.rules.permissions.Add(permission);
    entry.rules.instances = *broker::InstancePatterns::Make({instances});
    const std::string secret = broker::NewSecret(entry.rules.id);
    entry.secret = broker::SecretHash::Of(secret);
    server().server().auth().Put(entry);
    return std::pair(secret, entry);
  };
  auto [good, entry] = make_key(broker::Permission::kSubscribe, "ph*");
  const auto [other, other_entry] = make_key(broker::Permission::kSubscribe, "another");
  const auto [appender, appender_entry] = make_key(broker::Permission::kAppend, "phone");
  const auto code = [&](const std::string& token) {
    client().credentials().access_token = token;
    const PhotonOutcome fetch = client().Fetch("0").outcome;
    PhotonStream stream = client().Subscribe();
    if (stream.Read().has_value()) return fetch.trailer("error-code");
    EXPECT_EQ(stream.Finish().trailer("error-code"), fetch.trailer("error-code"));
    return fetch.trailer("error-code");
  };
  EXPECT_EQ(code(good), "");
  EXPECT_EQ(code(""), "unauthenticated");
  EXPECT_EQ(code("token"), "unauthenticated");
  EXPECT_EQ(code(broker::NewSecret(entry.rules.id)), "unauthenticated");
  EXPECT_EQ(code(other), "unauthorized");
  EXPECT_EQ(code(appender), "unauthorized");

  client().credentials().access_token = good;
  client().Fetch("0");
  PhotonStream stream = client().Subscribe();
  ASSERT_TRUE(stream.Read().has_value());
  entry.revoked = true;
  server().server().auth().Put(entry);
  while (stream.Read().has_value()) continue;
  const PhotonOutcome outcome = stream.Finish();
  EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_EQ(outcome.trailer("error-code"), "unauthenticated");
  EXPECT_EQ(outcome.trailer("playhead-error-code"), "KEY_REVOKED");
}

TEST_F(PhotonTest, CallsThatDoNotSayWhoTheyAreOfAreRefused) {
  client().credentials().phone_number_id = "";
  for (const PhotonOutcome& outcome : {client().Fetch("0").outcome, [&] {
                                         PhotonStream stream = client().Subscribe();
                                         EXPECT_FALSE(stream.Read().has_value());
                                         return stream.Finish();
                                       }()}) {
    EXPECT_EQ(outcome.status.error_code(), grpc::StatusCode::UNAUTHENTICATED);
    EXPECT_EQ(outcome.trailer("error-code"), "unauthenticated");
  }
  client().credentials().phone_number_id = "not a name";
  const PhotonOutcome outcome = client().Fetch("0").outcome;
  EXPECT_EQ(outcome.trailer("playhead-error-code"), "INSTANCE_NAME_INVALID");
}

}  // namespace
}  // namespace playhead
