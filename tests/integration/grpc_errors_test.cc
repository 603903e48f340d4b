// Every error of the contract over real gRPC: canonical status, `error-code`, `x-retryable`, and the cursors that help.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/support/byte_buffer.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "proto/errors.h"
#include "storage/cursor.h"
#include "storage/limits.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/seed.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::AppendNumbered;
using testing::TestServer;

// What a call ended with, as a client in any language sees it.
struct Outcome {
  grpc::Status status;
  std::map<std::string, std::string> trailers;
};

Outcome OutcomeOf(const grpc::Status& status, const grpc::ClientContext& context) {
  Outcome outcome{status, {}};
  for (const auto& [key, value] : context.GetServerTrailingMetadata()) {
    outcome.trailers.emplace(std::string(key.data(), key.size()), std::string(value.data(), value.size()));
  }
  return outcome;
}

void ExpectReason(const Outcome& outcome, Reason reason) {
  const ReasonInfo& info = GetReasonInfo(reason);
  EXPECT_EQ(static_cast<int>(outcome.status.error_code()), static_cast<int>(info.status)) << info.code;
  EXPECT_FALSE(outcome.status.error_message().empty()) << info.code;
  const auto trailer = [&](const char* key) {
    const auto found = outcome.trailers.find(key);
    return found == outcome.trailers.end() ? "absent" : found->second;
  };
  EXPECT_EQ(trailer("error-code"), std::string(info.code)) << outcome.status.error_message();
  EXPECT_EQ(trailer("x-retryable"), info.retryable ? "true" : "false") << info.code;
}

std::string Trailer(const Outcome& outcome, const std::string& key) {
  const auto found = outcome.trailers.find(key);
  return found == outcome.trailers.end() ? "absent" : found->second;
}

class GrpcErrorsTest : public ::testing::Test {
 protected:
  template <typename Request, typename Response>
  Outcome Call(grpc::Status (v1::EventLog::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
               const Request& request) {
    grpc::ClientContext context;
    Response response;
    const grpc::Status status = (server_.stub().*method)(&context, request, &response);
    return OutcomeOf(status, context);
  }

  Outcome Append(const v1::AppendRequest& request) { return Call(&v1::EventLog::Stub::Append, request); }
  Outcome Fetch(const v1::FetchMissedRequest& request) { return Call(&v1::EventLog::Stub::FetchMissed, request); }
  Outcome List(const v1::ListInstancesRequest& request) { return Call(&v1::EventLog::Stub::ListInstances, request); }

  Outcome Subscribe(const v1::SubscribeRequest& request) {
    grpc::ClientContext context;
    const auto reader = server_.stub().Subscribe(&context, request);
    v1::SubscribeResponse response;
    while (reader->Read(&response)) {
    }
    return OutcomeOf(reader->Finish(), context);
  }

  static v1::AppendRequest Batch(int events, const std::string& instance = "device") {
    v1::AppendRequest request;
    request.set_instance(instance);
    for (int i = 0; i < events; ++i) {
      v1::Event& event = *request.add_events();
      event.set_type("number");
      event.set_data(absl::StrCat(i));
    }
    return request;
  }

  static v1::FetchMissedRequest FetchAfter(uint64_t cursor) {
    v1::FetchMissedRequest request;
    request.set_instance("device");
    request.mutable_start()->set_after_cursor(cursor);
    return request;
  }

  static v1::SubscribeRequest SubscribeAfter(uint64_t cursor) {
    v1::SubscribeRequest request;
    request.set_instance("device");
    request.mutable_start()->set_after_cursor(cursor);
    return request;
  }

  TestServer server_;
};

TEST_F(GrpcErrorsTest, AppendOfBadInput) {
  ExpectReason(Append(Batch(0)), Reason::kBatchEmpty);
  ExpectReason(Append(Batch(1, "")), Reason::kInstanceNameInvalid);
  ExpectReason(Append(Batch(1, "no spaces")), Reason::kInstanceNameInvalid);
  ExpectReason(Append(Batch(1, std::string(201, 'n'))), Reason::kInstanceNameInvalid);
  ExpectReason(Append(Batch(static_cast<int>(storage::kBatchEventsMax) + 1)), Reason::kBatchTooLarge);

  v1::AppendRequest request = Batch(1);
  request.mutable_events(0)->clear_type();
  ExpectReason(Append(request), Reason::kEventInvalid);
  request = Batch(1);
  request.mutable_events(0)->set_type(std::string(129, 't'));
  ExpectReason(Append(request), Reason::kEventInvalid);
  request = Batch(1);
  request.mutable_events(0)->set_data(std::string(storage::kEventBytesDefault, 'd'));
  ExpectReason(Append(request), Reason::kEventTooLarge);
  request = Batch(4);
  for (v1::Event& event : *request.mutable_events()) event.set_data(std::string(950'000, 'd'));
  ExpectReason(Append(request), Reason::kBatchTooLarge);
  request = Batch(1);
  request.mutable_events(0)->set_cursor(1);
  ExpectReason(Append(request), Reason::kBrokerFieldSet);
  request = Batch(1);
  request.mutable_events(0)->set_appended_at(1);
  ExpectReason(Append(request), Reason::kBrokerFieldSet);
  request = Batch(1);
  request.mutable_producer()->set_id("p");
  ExpectReason(Append(request), Reason::kProducerInvalid);

  // Nothing of all this was stored.
  v1::GetInstanceRequest get;
  get.set_instance("device");
  ExpectReason(Call(&v1::EventLog::Stub::GetInstance, get), Reason::kInstanceNotFound);
}

TEST_F(GrpcErrorsTest, ConditionalAppendThatComesTooLateCarriesTheHead) {
  AppendNumbered(server_.log(), "device", 1, 5);
  v1::AppendRequest request = Batch(1);
  request.set_expected_cursor(4);
  const Outcome outcome = Append(request);
  ExpectReason(outcome, Reason::kCursorMismatch);
  EXPECT_EQ(Trailer(outcome, "head-cursor"), "5");
}

TEST_F(GrpcErrorsTest, IdentityUsedBefore) {
  v1::AppendRequest request = Batch(2);
  request.mutable_events(0)->set_id("one");
  request.mutable_events(1)->set_id("two");
  ASSERT_TRUE(Append(request).status.ok());
  v1::AppendRequest other = request;
  other.mutable_events(0)->set_data("changed");
  ExpectReason(Append(other), Reason::kIdConflict);
  other = request;
  other.mutable_events(1)->set_id("three");
  other.set_expected_cursor(2);
  ExpectReason(Append(other), Reason::kPartialDuplicate);
}

TEST_F(GrpcErrorsTest, ProducerThatLeavesAHoleHearsTheNextSequence) {
  v1::AppendRequest request = Batch(3);
  request.mutable_producer()->set_id("p");
  request.mutable_producer()->set_sequence(1);
  ASSERT_TRUE(Append(request).status.ok());
  request.mutable_producer()->set_sequence(5);
  const Outcome outcome = Append(request);
  ExpectReason(outcome, Reason::kSequenceGap);
  EXPECT_EQ(Trailer(outcome, "next-sequence"), "4");
}

TEST_F(GrpcErrorsTest, ReadsOfBadInput) {
  v1::FetchMissedRequest fetch = FetchAfter(0);
  fetch.clear_start();
  ExpectReason(Fetch(fetch), Reason::kStartRequired);
  fetch = FetchAfter(0);
  fetch.set_limit(10'001);
  ExpectReason(Fetch(fetch), Reason::kLimitInvalid);
  fetch = FetchAfter(0);
  fetch.set_instance("");
  ExpectReason(Fetch(fetch), Reason::kInstanceNameInvalid);
  fetch = FetchAfter(0);
  fetch.add_types("");
  ExpectReason(Fetch(fetch), Reason::kFilterInvalid);
  for (int i = 0; i < 65; ++i) fetch.add_types("t");
  ExpectReason(Fetch(fetch), Reason::kFilterInvalid);
  fetch = FetchAfter(0);
  fetch.set_id_prefix(std::string(257, 'i'));
  ExpectReason(Fetch(fetch), Reason::kFilterInvalid);

  v1::SubscribeRequest subscribe = SubscribeAfter(0);
  subscribe.clear_start();
  ExpectReason(Subscribe(subscribe), Reason::kStartRequired);
  subscribe = SubscribeAfter(0);
  subscribe.set_instance("no spaces");
  ExpectReason(Subscribe(subscribe), Reason::kInstanceNameInvalid);
  subscribe = SubscribeAfter(0);
  subscribe.add_types(std::string(200, 't'));
  ExpectReason(Subscribe(subscribe), Reason::kFilterInvalid);
  subscribe = SubscribeAfter(0);
  subscribe.set_id_prefix(std::string(257, 'i'));
  ExpectReason(Subscribe(subscribe), Reason::kFilterInvalid);
}

TEST_F(GrpcErrorsTest, CursorBehindTrimmedEventsCarriesTheFirstKept) {
  AppendNumbered(server_.log(), "device", 1, 10);
  const auto instance = *testing::Await<std::shared_ptr<storage::Instance>>(
      [&](auto done) { server_.log().OpenInstance("device", storage::OpenMode::kExisting, std::move(done)); });
  ASSERT_TRUE(
      testing::AwaitStatus([&](auto done) { server_.log().Trim(instance, storage::Cursor(6), std::move(done)); }).ok());
  for (const Outcome& outcome : {Fetch(FetchAfter(2)), Subscribe(SubscribeAfter(2))}) {
    ExpectReason(outcome, Reason::kCursorTrimmed);
    EXPECT_EQ(Trailer(outcome, "first-cursor"), "6");
    EXPECT_EQ(Trailer(outcome, "head-cursor"), "10");
  }
}

TEST_F(GrpcErrorsTest, CursorOfAnotherLogCarriesTheLastGoodOne) {
  AppendNumbered(server_.log(), "device", 1, 10);
  for (const uint64_t cursor : {uint64_t{11}, uint64_t{1} << 40 | 5, ~uint64_t{0}}) {
    for (const Outcome& outcome : {Fetch(FetchAfter(cursor)), Subscribe(SubscribeAfter(cursor))}) {
      ExpectReason(outcome, Reason::kCursorDiverged);
      EXPECT_EQ(Trailer(outcome, "last-good-cursor"), "10");
      EXPECT_EQ(Trailer(outcome, "head-cursor"), "10");
    }
  }
}

TEST_F(GrpcErrorsTest, InstanceCallsOfBadInput) {
  v1::GetInstanceRequest get;
  get.set_instance("no spaces");
  ExpectReason(Call(&v1::EventLog::Stub::GetInstance, get), Reason::kInstanceNameInvalid);
  get.set_instance("unknown");
  ExpectReason(Call(&v1::EventLog::Stub::GetInstance, get), Reason::kInstanceNotFound);
  v1::DeleteInstanceRequest remove;
  remove.set_instance("unknown");
  ExpectReason(Call(&v1::EventLog::Stub::DeleteInstance, remove), Reason::kInstanceNotFound);
  remove.set_instance("");
  ExpectReason(Call(&v1::EventLog::Stub::DeleteInstance, remove), Reason::kInstanceNameInvalid);
  v1::ListInstancesRequest list;
  list.set_page_size(1001);
  ExpectReason(List(list), Reason::kLimitInvalid);
  list.set_page_size(0);
  for (const char* token : {"not ours", "AAAA", "bjE6", "====="}) {
    list.set_page_token(token);
    ExpectReason(List(list), Reason::kPageTokenInvalid);
  }
}

TEST_F(GrpcErrorsTest, DeletionEndsStreams) {
  AppendNumbered(server_.log(), "device", 1, 1);
  grpc::ClientContext context;
  const auto reader = server_.stub().Subscribe(&context, SubscribeAfter(0));
  v1::SubscribeResponse response;
  do {
    ASSERT_TRUE(reader->Read(&response));
  } while (!response.has_caught_up());
  v1::DeleteInstanceRequest remove;
  remove.set_instance("device");
  ASSERT_TRUE(Call(&v1::EventLog::Stub::DeleteInstance, remove).status.ok());
  while (reader->Read(&response)) {
  }
  ExpectReason(OutcomeOf(reader->Finish(), context), Reason::kInstanceDeleted);
}

TEST_F(GrpcErrorsTest, CreationThatIsRestricted) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.store.create_instances = false;
  TestServer restricted(options);
  grpc::ClientContext context;
  v1::AppendResponse response;
  const grpc::Status status = restricted.stub().Append(&context, Batch(1), &response);
  ExpectReason(OutcomeOf(status, context), Reason::kInstanceNotFound);
}

TEST_F(GrpcErrorsTest, MoreInstancesThanThereMayBe) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.store.instances_max = 2;
  TestServer bounded(options);
  for (int i = 0; i < 3; ++i) {
    grpc::ClientContext context;
    v1::AppendResponse response;
    const grpc::Status status = bounded.stub().Append(&context, Batch(1, absl::StrCat("device-", i)), &response);
    if (i < 2) {
      EXPECT_TRUE(status.ok()) << status.error_message();
    } else {
      ExpectReason(OutcomeOf(status, context), Reason::kInstancesLimit);
    }
  }
}

TEST_F(GrpcErrorsTest, MoreStreamsThanThereMayBe) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.limits.streams_max = 1;
  TestServer bounded(options);
  grpc::ClientContext first_context;
  const auto first = bounded.stub().Subscribe(&first_context, SubscribeAfter(0));
  v1::SubscribeResponse response;
  ASSERT_TRUE(first->Read(&response));
  grpc::ClientContext context;
  const auto second = bounded.stub().Subscribe(&context, SubscribeAfter(0));
  EXPECT_FALSE(second->Read(&response));
  ExpectReason(OutcomeOf(second->Finish(), context), Reason::kStreamsLimit);
  grpc::ClientContext append_context;
  const auto third = bounded.stub().AppendStream(&append_context);
  v1::AppendStreamResponse reply;
  EXPECT_FALSE(third->Read(&reply));
  ExpectReason(OutcomeOf(third->Finish(), append_context), Reason::kStreamsLimit);
  first_context.TryCancel();
}

TEST_F(GrpcErrorsTest, AStreamThatIsRefusedCreatesNoInstance) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.limits.streams_max = 1;
  TestServer bounded(options);
  grpc::ClientContext first_context;
  const auto first = bounded.stub().Subscribe(&first_context, SubscribeAfter(0));
  v1::SubscribeResponse response;
  ASSERT_TRUE(first->Read(&response));
  v1::SubscribeRequest request = SubscribeAfter(0);
  request.set_instance("another");
  grpc::ClientContext context;
  const auto second = bounded.stub().Subscribe(&context, request);
  EXPECT_FALSE(second->Read(&response));
  ExpectReason(OutcomeOf(second->Finish(), context), Reason::kStreamsLimit);
  AppendNumbered(bounded.log(), "later", 0, 1);  // Commits are in order: that of a creation would have come first.
  const auto another =
      testing::Await<storage::InstanceInfo>([&](auto done) { bounded.log().GetInstance("another", std::move(done)); });
  EXPECT_TRUE(HasReason(another.status(), Reason::kInstanceNotFound)) << another.status();
  first_context.TryCancel();
}

TEST_F(GrpcErrorsTest, UnaryAppendBeyondTheBudgetIsRefusedAndMayBeRetried) {
  broker::ServerOptions options = testing::TestServerOptions();
  options.limits.append_budget_bytes = 10;
  TestServer bounded(options);
  grpc::ClientContext context;
  v1::AppendResponse response;
  const grpc::Status status = bounded.stub().Append(&context, Batch(1), &response);
  ExpectReason(OutcomeOf(status, context), Reason::kAppendQueueFull);
}

TEST_F(GrpcErrorsTest, GarbageIntoEveryMethodIsAnErrorOfTheContractAndChangesNothing) {
  const std::vector<std::string> methods = {"Append",      "FetchMissed",   "Subscribe",     "AppendStream",
                                            "GetInstance", "ListInstances", "DeleteInstance"};
  AppendNumbered(server_.log(), "device", 1, 3);
  grpc::GenericStub stub(server_.channel());
  std::mt19937_64 random(testing::TestSeed());
  for (const std::string& method : methods) {
    for (int i = 0; i < 200; ++i) {
      std::string bytes(1 + random() % 64, '\0');
      for (char& byte : bytes) byte = static_cast<char>(random());
      if (i % 2 == 0) bytes[0] = '\x0a';  // Field 1, so that some get further.
      const grpc::Slice slice(bytes);
      const grpc::ByteBuffer request(&slice, 1);
      grpc::ClientContext context;
      context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
      grpc::CompletionQueue queue;
      const auto call = stub.PrepareCall(&context, "/playhead.v1.EventLog/" + method, &queue);
      const auto wait = [&queue] {
        void* tag = nullptr;
        bool ok = false;
        return queue.Next(&tag, &ok) && ok;
      };
      call->StartCall(nullptr);
      wait();
      call->Write(request, grpc::WriteOptions().set_last_message(), nullptr);
      wait();
      grpc::ByteBuffer response;
      bool got = true;
      while (got) {
        call->Read(&response, nullptr);
        got = wait();
        if (got && method == "Subscribe") context.TryCancel();  // By chance it was a sound request.
      }
      grpc::Status status;
      call->Finish(&status, nullptr);
      wait();
      const Outcome outcome = OutcomeOf(status, context);
      if (!status.ok() && status.error_code() != grpc::StatusCode::CANCELLED) {
        EXPECT_NE(FindReason(Trailer(outcome, "error-code")), nullptr)
            << method << ": " << status.error_code() << " " << status.error_message();
      }
    }
  }
  v1::GetInstanceRequest get;
  get.set_instance("device");
  grpc::ClientContext context;
  v1::Instance instance;
  ASSERT_TRUE(server_.stub().GetInstance(&context, get, &instance).ok());
  EXPECT_EQ(instance.head_cursor(), 3u);
}

}  // namespace
}  // namespace playhead
