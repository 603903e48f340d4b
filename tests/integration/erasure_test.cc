// Erasures over real gRPC: who may erase, what readers see, what the tail (the recent events in memory) serves, and the
// audit record.
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/erasures_client.h"
#include "proto/errors.h"
#include "storage/cursor.h"
#include "tests/integration/photon_client.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::TestServer;

std::string MessageData(const std::string& id) {
  return absl::StrCat(
      R"({"metadata":{"phone_number_id":"phone"},"contact":{"wa_id":"15550001","profile":{"name":"Ann"}},)",
      R"("message":{"id":")", id,
      R"(","from":"15550001","timestamp":"1700000000","type":"text","text":{"body":"x"}}})");
}

class ErasureTest : public ::testing::Test {
 protected:
  ErasureTest() {
    ClientOptions options;
    options.target = server_.server().grpc_address();
    client_ = std::make_unique<Client>(*Client::Create(options));
    erasures_ = std::make_unique<ErasuresClient>(*ErasuresClient::Create(options));
  }

  void Append(absl::string_view instance, absl::string_view data, absl::string_view customer) {
    const NewEvent event{.type = "note", .data = data, .attributes = {{"customer", customer}}};
    ASSERT_TRUE(client_->Append(instance, {event}).ok());
  }

  v1::Erasure AwaitEnd(absl::StatusOr<v1::Erasure> erasure) {
    while (erasure.ok() && erasure->state() != v1::Erasure::DONE && erasure->state() != v1::Erasure::CANCELED) {
      std::this_thread::yield();
      erasure = erasures_->Get(erasure->number());
    }
    EXPECT_TRUE(erasure.ok()) << erasure.status();
    return erasure.ok() ? *erasure : v1::Erasure();
  }

  std::vector<Event> Fetch(const std::string& instance, std::vector<std::string> types = {}) {
    std::vector<Event> events;
    auto range = client_->FetchMissed({.instance = instance, .start = Start::Beginning(), .types = std::move(types)});
    for (const absl::StatusOr<Event>& event : range) {
      EXPECT_TRUE(event.ok()) << event.status();
      if (event.ok()) events.push_back(*event);
    }
    return events;
  }

  TestServer server_;
  std::unique_ptr<Client> client_;
  std::unique_ptr<ErasuresClient> erasures_;
};

TEST_F(ErasureTest, ReadersGetStubsAndFiltersPassOverThem) {
  for (int i = 0; i < 20; ++i) Append("a", absl::StrCat("note ", i), i % 4 == 0 ? "anna" : "otto");
  v1::EraseEventsRequest request;
  request.add_instances("a");
  request.mutable_attribute()->set_key("customer");
  request.mutable_attribute()->set_value("anna");
  const auto taken = erasures_->Erase(request);
  ASSERT_TRUE(taken.ok()) << taken.status();
  // The twenty were in the memory that subscribers share: not any more.
  const std::vector<Event> events = Fetch("a");
  ASSERT_EQ(events.size(), 20u);
  for (size_t i = 0; i < events.size(); ++i) {
    EXPECT_EQ(events[i].cursor(), i + 1);
    EXPECT_EQ(events[i].erased(), i % 4 == 0);
    EXPECT_EQ(events[i].data().empty(), i % 4 == 0);
    EXPECT_NE(events[i].appended_at(), 0);
  }
  auto subscription = client_->Subscribe("a", Start::Beginning());
  ASSERT_TRUE(subscription.ok()) << subscription.status();
  for (size_t i = 0; i < events.size(); ++i) {
    const auto event = subscription->Next();
    ASSERT_TRUE(event.ok()) << event.status();
    EXPECT_EQ(event->erased(), i % 4 == 0);
  }
  EXPECT_EQ(Fetch("a", {"note"}).size(), 15u);
  const v1::Erasure ended = AwaitEnd(taken);
  EXPECT_EQ(ended.erased_events(), 5u);
  EXPECT_EQ(ended.attribute_key(), "customer");
  EXPECT_EQ(Fetch("a").size(), 20u);
  const auto listed = erasures_->List();
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->size(), 1u);
  EXPECT_EQ(listed->front().number(), ended.number());
}

TEST_F(ErasureTest, TheAuditLogSaysWhatWasErasedAndNotWhose) {
  Append("a", "x", "anna");
  v1::EraseEventsRequest request;
  request.add_instances("*");
  request.mutable_attribute()->set_key("customer");
  request.mutable_attribute()->set_value("anna");
  request.set_dry_run(true);
  EXPECT_EQ(AwaitEnd(erasures_->Erase(request)).erased_events(), 1u);
  request.set_dry_run(false);
  EXPECT_EQ(AwaitEnd(erasures_->Erase(request)).erased_events(), 1u);
  const std::vector<Event> audit = Fetch("playhead.audit");
  ASSERT_EQ(audit.size(), 1u) << "counting is no act";
  EXPECT_EQ(audit[0].type(), "audit.events_erased");
  EXPECT_TRUE(absl::StrContains(audit[0].data(), "customer"));
  EXPECT_FALSE(absl::StrContains(audit[0].data(), "anna"));
}

TEST_F(ErasureTest, WhatIsRefusedChangesNothing) {
  Append("a", "x", "anna");
  v1::EraseEventsRequest request;
  request.add_instances("playhead.audit");
  request.add_cursors(1);
  EXPECT_TRUE(HasReason(erasures_->Erase(request).status(), Reason::kPermissionDenied));
  request.set_instances(0, "none");
  EXPECT_TRUE(HasReason(erasures_->Erase(request).status(), Reason::kInstanceNotFound));
  request.set_instances(0, "a");
  request.add_ids("x");
  EXPECT_TRUE(HasReason(erasures_->Erase(request).status(), Reason::kErasureInvalid));
  EXPECT_TRUE(HasReason(erasures_->Get(99).status(), Reason::kErasureNotFound));
  EXPECT_TRUE(HasReason(erasures_->Cancel(99).status(), Reason::kErasureNotFound));
  EXPECT_EQ(Fetch("a").size(), 1u);
  EXPECT_FALSE(Fetch("a")[0].erased());
}

TEST_F(ErasureTest, PhotonClientsPassOverWhatWasErased) {
  for (int i = 1; i <= 5; ++i) {
    const std::string data = MessageData(absl::StrCat("wamid.", i));
    const NewEvent event{.type = "message.received", .data = data, .attributes = {{"dialect", "whatsapp"}}};
    testing::AppendAndWait(server_.log(), "phone", {event});
  }
  v1::EraseEventsRequest request;
  request.add_instances("phone");
  request.add_cursors(2);
  request.add_cursors(3);
  ASSERT_EQ(AwaitEnd(erasures_->Erase(request)).erased_events(), 2u);
  testing::PhotonClient photon(server_.server().grpc_address());
  const auto instance = testing::Await<std::shared_ptr<storage::Instance>>(
      [&](auto done) { server_.log().OpenInstance("phone", storage::OpenMode::kExisting, std::move(done)); });
  ASSERT_TRUE(instance.ok()) << instance.status();
  const std::string cursor = storage::EventId{(*instance)->number(), storage::Cursor(1), 0}.ToString();
  EXPECT_EQ(photon.Fetch(cursor).ids, (std::vector<std::string>{"wamid.4", "wamid.5"}));
}

}  // namespace
}  // namespace playhead
