// What a stream of a profile's events leaves behind when it ends.
#include "broker/dialects/multiwa/profile_stream.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/dialects/multiwa/client_link.h"
#include "broker/dialects/multiwa/dialect.h"
#include "broker/dialects/multiwa/gateway_renderer.h"
#include "broker/dialects/multiwa/grace.h"
#include "broker/dialects/multiwa/opening.h"
#include "broker/dialects/multiwa/options.h"
#include "broker/metrics/metrics.h"
#include "broker/model/frame_reader.h"
#include "broker/model/name_filter.h"
#include "broker/model/position.h"
#include "broker/sessions/session_key.h"
#include "broker/sessions/session_store.h"
#include "storage/event_log.h"
#include "tests/support/await.h"
#include "tests/support/broker_core.h"

namespace playhead::broker::multiwa {
namespace {

// A connection that has stalled: its thread handles nothing.
class StalledLink final : public ClientLink {
 public:
  void Post(absl::AnyInvocable<void()> /*task*/) override {}
  bool writable() const override { return false; }
  uint64_t SendMarker() override { return 1; }
  void SendEnvelope(std::string /*message*/) override {}
  void End(http::CloseCode /*code*/, absl::string_view /*reason*/) override {}
};

class IdleOwner final : public StreamOwner {
 public:
  size_t SendFrame(const std::string& /*profile*/, const model::Frame& /*frame*/) override { return 0; }
  void OnStreamClosed(const std::string& /*profile*/, const absl::Status& /*status*/) override {}
};

class ProfileStreamTest : public ::testing::Test {
 protected:
  ProfileStreamTest()
      : sessions_(*SessionStore::Load(broker_->core())),
        grace_(std::make_unique<Grace>(broker_->core(), *sessions_, absl::Hours(1))),
        figures_(broker_->core().metrics.OfDialect("multiwa")) {}
  ~ProfileStreamTest() override {
    sessions_->Stop(absl::InfiniteFuture());
    broker_.reset();  // Its log and its timers call the others.
  }

  // A stream from the beginning of the instance, over a stalled connection.
  std::shared_ptr<ProfileStream> Start(const std::shared_ptr<storage::Instance>& instance) {
    const model::Position beginning{instance->number(), storage::Cursor(), 0};
    OpenedProfile opened;
    opened.instance = instance;
    opened.resume = {storage::Cursor(), beginning};
    opened.grace = grace_->Open(SessionKey("multiwa", {"secret", instance->name(), "all"}), "", "host", {beginning});
    return ProfileStream::Start({broker_->core(), options_, figures_, grace_.get()}, owner_,
                                {std::make_shared<StalledLink>(), nullptr, kGatewayRendering, model::NameFilter::All()},
                                std::move(opened), nullptr);
  }

  std::unique_ptr<testing::BrokerCore> broker_ = std::make_unique<testing::BrokerCore>();
  const std::unique_ptr<SessionStore> sessions_;
  const std::unique_ptr<Grace> grace_;
  const Options options_;
  const Metrics::Dialect figures_;
  IdleOwner owner_;
};

TEST_F(ProfileStreamTest, KeepsItsPlaceIfTheConnectionBreaks) {
  const auto stream = Start(broker_->Open("profile"));
  stream->End(/*left=*/false);
  EXPECT_EQ(sessions_->size(), 1u);
}

TEST_F(ProfileStreamTest, StoresNothingOfAnInstanceThatWasDeletedWhileTheConnectionHadStalled) {
  const auto instance = broker_->Open("profile");
  const auto stream = Start(instance);
  ASSERT_EQ(sessions_->size(), 1u);
  broker_->Delete("profile");
  // As the broker does, after every deletion.
  ASSERT_TRUE(testing::AwaitStatus([&](auto done) { sessions_->OnInstanceDeleted(instance, std::move(done)); }).ok());
  ASSERT_EQ(sessions_->size(), 0u);
  stream->End(/*left=*/false);
  EXPECT_EQ(sessions_->size(), 0u);
}

}  // namespace
}  // namespace playhead::broker::multiwa
