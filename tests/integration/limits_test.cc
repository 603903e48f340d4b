// Limits of instances over a real broker: they apply to every way to append, and a refusal names the limit and when to
// retry.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/limits_client.h"
#include "storage/event_log.h"
#include "tests/support/await.h"
#include "tests/support/key_client.h"
#include "tests/support/temp_dir.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::CallOutcome;
using testing::ExpectRefused;
using testing::KeyClient;
using testing::KeyRequest;
using testing::TestServer;

class LimitsTest : public ::testing::Test {
 protected:
  LimitsTest() { Restart(); }

  void Restart() {
    server_.reset();
    broker::ServerOptions options = testing::TestServerOptions();
    options.store.data_dir = dir_.path() + "/store";
    server_ = std::make_unique<TestServer>(options);
  }

  KeyClient As(const std::string& secret) { return KeyClient(server_->channel(), secret); }
  LimitsClient Limits(const std::string& secret = "") {
    return *LimitsClient::Create({.target = server_->server().grpc_address(), .key = secret});
  }

  static v1::InstanceLimits EventsPerSecond(uint64_t value) {
    v1::InstanceLimits limits;
    limits.set_append_events_per_second(value);
    return limits;
  }
  static v1::InstanceLimits StoredBytes(uint64_t value) {
    v1::InstanceLimits limits;
    limits.set_stored_bytes_max(value);
    return limits;
  }

  static void ExpectBeyond(CallOutcome outcome, const std::string& limit) {
    ExpectRefused(outcome, Reason::kQuotaExceeded);
    EXPECT_EQ(outcome.trailers["limit"], limit);
    EXPECT_GT(std::stoi(outcome.trailers["retry-after-ms"]), 0);
  }

  const testing::TempDir dir_;
  std::unique_ptr<TestServer> server_;
};

TEST_F(LimitsTest, SingleAppendsBeyondTheRateAreRefusedAndStreamsAreSlowedDown) {
  ASSERT_TRUE(Limits().SetLimits("busy", EventsPerSecond(20)).ok());
  KeyClient client = As("");
  ASSERT_TRUE(client.Append("busy", 200).ok());  // Nine seconds of debt.
  ExpectBeyond(client.Append("busy"), "instance.append_events_per_second");
  EXPECT_TRUE(client.Append("other", 60).ok()) << "another instance has its own";
  ASSERT_TRUE(client.AppendStream("busy").ok()) << "it is taken, and only the next is held up";
  const auto head = [this] {
    return testing::Await<storage::InstanceInfo>(
               [&](auto done) { server_->log().GetInstance("busy", std::move(done)); })
        ->bounds->head.sequence();
  };
  EXPECT_EQ(head(), 201u);

  v1::InstanceLimits by_bytes;
  by_bytes.set_append_bytes_per_second(1000);
  ASSERT_TRUE(Limits().SetLimits("busy", by_bytes).ok());
  ASSERT_TRUE(client.Append("busy", 1, 10'000).ok());
  ExpectBeyond(client.Append("busy"), "instance.append_bytes_per_second");
}

TEST_F(LimitsTest, AStreamIsHeldUpForAsLongAsTheRateSays) {
  ASSERT_TRUE(Limits().SetLimits("", EventsPerSecond(4)).ok());
  grpc::ClientContext context;
  const auto stream = server_->stub().AppendStream(&context);
  v1::AppendRequest request;
  request.set_instance("busy");
  for (int i = 0; i < 6; ++i) request.add_events()->set_type("t");
  const absl::Time start = absl::Now();
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(stream->Write(request));
  v1::AppendStreamResponse reply;
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(stream->Read(&reply));
    EXPECT_TRUE(reply.has_appended());
  }
  EXPECT_GT(absl::Now() - start, absl::Milliseconds(450)) << "two events of debt, at four a second";
  stream->WritesDone();
  EXPECT_TRUE(stream->Finish().ok());
}

TEST_F(LimitsTest, WhatAnInstanceStoresIsBoundedUntilATrimMakesRoom) {
  ASSERT_TRUE(Limits().SetLimits("full", StoredBytes(100'000)).ok());
  KeyClient client = As("");
  int taken = 0;
  CallOutcome outcome;
  while (taken < 20 && (outcome = client.Append("full", 1, 10'000)).ok()) ++taken;
  EXPECT_EQ(taken, 9) << "each is a little more than its data";
  ExpectBeyond(outcome, "instance.stored_bytes");
  ASSERT_TRUE(Limits().SetLimits("full", StoredBytes(50'000)).ok());
  ExpectBeyond(client.AppendStream("full"), "instance.stored_bytes");
  ASSERT_TRUE(Limits().SetLimits("full", StoredBytes(100'000)).ok());
  EXPECT_NEAR(static_cast<double>(Limits().GetLimits("full")->stored_bytes()), 90'000, 1000);

  const auto instance = testing::Await<std::shared_ptr<storage::Instance>>(
      [&](auto done) { server_->log().OpenInstance("full", storage::OpenMode::kExisting, std::move(done)); });
  ASSERT_TRUE(instance.ok());
  ASSERT_TRUE(testing::AwaitStatus([&](auto done) {
                server_->log().Trim(*instance, storage::Cursor(4), std::move(done));
              }).ok());
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(client.Append("full", 1, 10'000).ok());
  ExpectBeyond(client.Append("full", 1, 10'000), "instance.stored_bytes");
  ASSERT_TRUE(client.Delete("full").ok());
  EXPECT_TRUE(client.Append("full", 1, 10'000).ok()) << "the name is empty again, and its limit stays";
  EXPECT_EQ(Limits().GetLimits("full")->effective().stored_bytes_max(), 100'000u);
}

TEST_F(LimitsTest, ARepetitionOfWhatIsStoredNeedsNoRoom) {
  ASSERT_TRUE(Limits().SetLimits("full", StoredBytes(25'000)).ok());
  const auto request = [](uint64_t sequence) {
    v1::AppendRequest out;
    out.set_instance("full");
    out.mutable_producer()->set_id("p");
    out.mutable_producer()->set_sequence(sequence);
    for (int i = 0; i < 2; ++i) {
      v1::Event& event = *out.add_events();
      event.set_type("t");
      event.set_data(std::string(10'000, 'x'));
    }
    return out;
  };
  for (int round = 0; round < 2; ++round) {
    v1::AppendResponse response;
    grpc::ClientContext context;
    const grpc::Status status = server_->stub().Append(&context, request(1), &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.cursors(1), 2u);
    EXPECT_EQ(response.duplicates_size(), 2 * round);
  }
  grpc::ClientContext context;
  const auto stream = server_->stub().AppendStream(&context);
  v1::AppendStreamResponse reply;
  ASSERT_TRUE(stream->Write(request(1)));
  ASSERT_TRUE(stream->Read(&reply));
  EXPECT_EQ(reply.appended().cursors(1), 2u);
  ASSERT_TRUE(stream->Write(request(3)));
  ASSERT_TRUE(stream->Read(&reply));
  EXPECT_EQ(reply.error().limit(), "instance.stored_bytes") << "what is new is refused";
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
}

TEST_F(LimitsTest, AnInstancesOwnLimitsStandBeforeTheDefaultAndOutliveARestart) {
  ASSERT_TRUE(Limits().SetLimits("", EventsPerSecond(1)).ok());
  ASSERT_TRUE(Limits().SetLimits("free", EventsPerSecond(0)).ok());
  Restart();
  KeyClient client = As("");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(client.Append("free", 10).ok());
  EXPECT_TRUE(client.Append("other", 10).ok());
  ExpectBeyond(client.Append("other"), "instance.append_events_per_second");
  const auto shown = Limits().GetLimits("free");
  ASSERT_TRUE(shown.ok()) << shown.status();
  EXPECT_TRUE(shown->has_own());
  EXPECT_EQ(shown->default_().append_events_per_second(), 1u);
  EXPECT_EQ(shown->effective().append_events_per_second(), 0u);

  ASSERT_TRUE(Limits().ClearLimits("free").ok());
  EXPECT_TRUE(client.Append("free", 10).ok());
  ExpectBeyond(client.Append("free"), "instance.append_events_per_second");
  ASSERT_TRUE(Limits().ClearLimits("").ok());
  ASSERT_TRUE(Limits().ClearLimits("").ok()) << "twice is no error";
  EXPECT_TRUE(client.Append("free").ok());
  Restart();
  KeyClient again = As("");
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(again.Append("other", 10).ok());
}

TEST_F(LimitsTest, OnlyWhoManagesEverythingSetsThemAndEachActIsRecorded) {
  v1::CreateKeyResponse admin;
  ASSERT_TRUE(
      As("")
          .CreateKey(KeyRequest({v1::PERMISSION_MANAGE, v1::PERMISSION_APPEND, v1::PERMISSION_SUBSCRIBE}, {"*"}), admin)
          .ok());
  v1::CreateKeyResponse tenant;
  ASSERT_TRUE(As(admin.secret()).CreateKey(KeyRequest({v1::PERMISSION_MANAGE}, {"bot-*"}), tenant).ok());
  ASSERT_TRUE(Limits(admin.secret()).SetLimits("bot-1", StoredBytes(5)).ok());
  LimitsClient limits = Limits(tenant.secret());
  EXPECT_TRUE(HasReason(limits.SetLimits("bot-1", StoredBytes(0)), Reason::kPermissionDenied));
  EXPECT_TRUE(HasReason(limits.ClearLimits("bot-1"), Reason::kPermissionDenied));
  EXPECT_TRUE(HasReason(limits.GetLimits("").status(), Reason::kPermissionDenied));
  EXPECT_EQ(limits.GetLimits("bot-1")->own().stored_bytes_max(), 5u);
  ASSERT_TRUE(Limits(admin.secret()).ClearLimits("bot-1").ok());
  EXPECT_TRUE(As(admin.secret()).Fetch("playhead.audit", {"audit.limits_set"}).ok());
  const auto audit = testing::Await<storage::InstanceInfo>(
      [&](auto done) { server_->log().GetInstance("playhead.audit", std::move(done)); });
  EXPECT_EQ(audit->bounds->event_count(), 4u) << "two keys made, limits set and cleared";
}

TEST_F(LimitsTest, WhatMakesNoSenseIsRefused) {
  EXPECT_TRUE(HasReason(Limits().SetLimits("bot", {}), Reason::kLimitInvalid));
  EXPECT_TRUE(HasReason(Limits().SetLimits("bot", StoredBytes(uint64_t{1} << 60)), Reason::kLimitInvalid));
  EXPECT_TRUE(HasReason(Limits().SetLimits("no/name", StoredBytes(1)), Reason::kInstanceNameInvalid));
  EXPECT_TRUE(HasReason(Limits().SetLimits("playhead.audit", StoredBytes(1)), Reason::kPermissionDenied));
  ASSERT_TRUE(Limits().SetLimits("", EventsPerSecond(1)).ok());
  EXPECT_TRUE(Limits().SetLimits("bot", StoredBytes(1)).ok()) << "nothing holds up the broker's own audit log";
}

}  // namespace
}  // namespace playhead
