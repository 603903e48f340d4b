// The effect of a Photon client's app secret: it must not contradict the broker's, and it gives access to webhooks that
// were stored unverified.
#include "broker/webhook/stored_app_secrets.h"

#include <gtest/gtest.h>
#include <prometheus/counter.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/dialects/photon/frame_reader.h"
#include "broker/webhook/signature.h"
#include "broker/webhook/unverified.h"
#include "photon/whatsapp/v1/message_service.pb.h"
#include "storage/event_log.h"
#include "tests/support/await.h"
#include "tests/support/broker_core.h"
#include "tests/support/temp_dir.h"

namespace playhead::broker {
namespace {

using testing::BrokerCore;

// The body of a webhook with these messages.
std::string Body(const std::vector<std::string>& ids) {
  std::string messages;
  for (const std::string& id : ids) {
    absl::StrAppend(&messages, messages.empty() ? "" : ",", R"({"id":")", id,
                    R"(","from":"15550001","timestamp":"1700000000","type":"text","text":{"body":"hello"}})");
  }
  return absl::StrCat(
      R"({"object":"whatsapp_business_account","entry":[{"id":"1","changes":[{"field":"messages","value":{)",
      R"("messaging_product":"whatsapp","metadata":{"phone_number_id":"phone"},"messages":[)", messages, "]}}]}]}");
}

class StoredAppSecretsTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto store = webhook::SecretStore::Open(broker_->log().records(), executor_, dir_.path() + "/seal");
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
    secrets_ = std::make_unique<webhook::StoredAppSecrets>(*store_);
    broker_->Open("phone");
  }

  void TearDown() override {
    broker_.reset();  // Completes what the store has begun.
    executor_.Join();
  }

  void Set(const std::string& name, const std::string& secret) {
    const absl::Status status = testing::AwaitStatus(
        [&](auto done) { store_->Set(name, secret, webhook::kKeepPreviousDefault, std::move(done)); });
    ASSERT_TRUE(status.ok()) << status;
  }

  // Stores `body` unverified.
  void Keep(const std::string& body, const std::string& signature) {
    auto bytes = std::make_unique<const std::string>(body);
    const auto events = webhook::SplitBody(*bytes);
    ASSERT_TRUE(events.ok()) << events.status();
    webhook::UnverifiedStore unverified(broker_->core(), size_t{1} << 20);
    const auto kept = testing::Await<size_t>(
        [&](auto done) { unverified.Keep(std::move(bytes), *events, signature, std::move(done)); });
    ASSERT_TRUE(kept.ok()) << kept.status();
  }

  struct Shown {
    std::string id;
    photon::Position position;
  };
  // What a client with this secret sees after `seen`.
  std::vector<Shown> Read(const std::string& app_secret, std::optional<photon::Position> seen = std::nullopt) {
    photon::Audience audience{.instance = "phone"};
    if (!app_secret.empty()) audience = {"phone", secrets_.get(), app_secret};
    const auto instance = broker_->Open("phone");
    auto read = testing::Await<storage::ReadResult>([&](auto done) {
      broker_->log().Read(instance, {.events_max = 100, .filter = audience.filter()}, std::move(done));
    });
    prometheus::Counter not_rendered;
    photon::FrameReader reader(audience, seen.value_or(photon::Position{instance->number(), storage::Cursor(), 0}),
                               not_rendered);
    reader.Add(std::move(read->slices));
    std::vector<Shown> shown;
    while (const auto frame = reader.Next()) {
      ::photon::whatsapp::v1::Event event;
      EXPECT_TRUE(event.ParseFromString(frame->bytes));
      shown.push_back({event.message().id(), frame->position});
    }
    return shown;
  }

  const testing::TempDir dir_;
  storage::Executor executor_{1};
  std::unique_ptr<BrokerCore> broker_ = std::make_unique<BrokerCore>();
  std::unique_ptr<webhook::SecretStore> store_;
  std::unique_ptr<webhook::StoredAppSecrets> secrets_;
};

TEST_F(StoredAppSecretsTest, OnlyAConfiguredSecretContradicts) {
  EXPECT_TRUE(secrets_->MayBeOf("phone", "any"));
  Set("phone", "first");
  EXPECT_TRUE(secrets_->MayBeOf("phone", "first"));
  EXPECT_FALSE(secrets_->MayBeOf("phone", "any"));
  EXPECT_TRUE(secrets_->MayBeOf("another", "any"));
  Set("phone", "second");
  EXPECT_TRUE(secrets_->MayBeOf("phone", "second"));
  EXPECT_TRUE(secrets_->MayBeOf("phone", "first"));  // The previous secret is kept for a while.
  EXPECT_FALSE(secrets_->MayBeOf("phone", "third"));
  Set(std::string(webhook::kAllInstances), "all");
  EXPECT_FALSE(secrets_->MayBeOf("another", "any"));
}

TEST_F(StoredAppSecretsTest, AnUnverifiedWebhookIsShownInPartsToWhoeverHasItsSecret) {
  const std::string body = Body({"wamid.1", "wamid.2", "wamid.3"});
  Keep(body, webhook::SignatureHeader(body, "secret"));
  EXPECT_TRUE(Read("").empty());
  EXPECT_TRUE(Read("another secret").empty());
  const std::vector<Shown> shown = Read("secret");
  ASSERT_EQ(shown.size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(shown[i].id, absl::StrCat("wamid.", i + 1));
    EXPECT_EQ(shown[i].position.part, (i + 1) % 3);
  }
  const std::vector<Shown> rest = Read("secret", shown[0].position);
  ASSERT_EQ(rest.size(), 2u);
  EXPECT_EQ(rest[0].id, "wamid.2");
}

TEST_F(StoredAppSecretsTest, AForgedWebhookIsShownToNobody) {
  const std::string body = Body({"wamid.1"});
  Keep(body, webhook::SignatureHeader("another body", "secret"));
  EXPECT_TRUE(Read("secret").empty());
}

}  // namespace
}  // namespace playhead::broker
