// SubscribeMany over real gRPC: many instances in one stream, resumed with one position.
#include <gmock/gmock.h>
#include <grpcpp/client_context.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/support/batches.h"
#include "tests/support/test_server.h"

namespace playhead {
namespace {

using testing::AppendNumbered;
using ::testing::ElementsAre;
using ::testing::Pair;
using testing::TestServer;
using ::testing::UnorderedElementsAre;

// One stream: what came of each instance, and the last position.
class ManyStream {
 public:
  ManyStream(TestServer& server, const v1::SubscribeManyRequest& request)
      : reader_(server.stub().SubscribeMany(&context_, request)) {}
  ~ManyStream() {
    context_.TryCancel();
    if (!finished_) reader_->Finish();
  }

  // Reads until everything that was there has come. False if the stream ends before.
  bool ReadUntilCaughtUp() {
    v1::SubscribeManyResponse response;
    while (reader_->Read(&response)) {
      Take(response);
      if (response.has_caught_up()) return true;
    }
    return false;
  }

  // Reads until `count` events have come in all.
  void ReadEvents(size_t count) {
    v1::SubscribeManyResponse response;
    while (event_count_ < count && reader_->Read(&response)) Take(response);
  }

  std::string FinishWithErrorCode() {
    v1::SubscribeManyResponse response;
    while (reader_->Read(&response)) Take(response);
    finished_ = true;
    status_ = reader_->Finish();
    const auto& trailers = context_.GetServerTrailingMetadata();
    const auto found = trailers.find("error-code");
    return found == trailers.end() ? "" : std::string(found->second.data(), found->second.size());
  }

  const std::map<std::string, std::vector<uint64_t>>& cursors() const { return cursors_; }
  const std::string& position() const { return position_; }
  const std::vector<v1::SubscribeManyResponse::ManyGap>& gaps() const { return gaps_; }
  size_t message_count() const { return message_count_; }

 private:
  void Take(const v1::SubscribeManyResponse& response) {
    ++message_count_;
    for (const v1::InstanceEvents& part : response.parts()) {
      for (const v1::Event& event : part.events()) cursors_[part.instance()].push_back(event.cursor());
      event_count_ += static_cast<size_t>(part.events_size());
      position_ = part.position();
    }
    if (response.has_start()) position_ = response.start().position();
    if (response.has_caught_up()) position_ = response.caught_up().position();
    if (response.has_heartbeat()) position_ = response.heartbeat().position();
    if (response.has_gap()) gaps_.push_back(response.gap());
  }

  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::SubscribeManyResponse>> reader_;
  std::map<std::string, std::vector<uint64_t>> cursors_;
  std::vector<v1::SubscribeManyResponse::ManyGap> gaps_;
  std::string position_;
  size_t event_count_ = 0;
  size_t message_count_ = 0;
  grpc::Status status_;
  bool finished_ = false;
};

v1::SubscribeManyRequest OfPrefix(const std::string& prefix) {
  v1::SubscribeManyRequest request;
  request.mutable_instances()->set_prefix(prefix);
  request.mutable_beginning();
  return request;
}

TEST(SubscribeManyTest, AListAPrefixAndAllBringWhatTheyName) {
  TestServer server;
  for (const char* name : {"a-1", "a-2", "b-1"}) AppendNumbered(server.log(), name, 1, 2);
  ManyStream of_prefix(server, OfPrefix("a-"));
  ASSERT_TRUE(of_prefix.ReadUntilCaughtUp());
  EXPECT_THAT(of_prefix.cursors(),
              UnorderedElementsAre(Pair("a-1", ElementsAre(1, 2)), Pair("a-2", ElementsAre(1, 2))));
  v1::SubscribeManyRequest request;
  request.mutable_beginning();
  request.mutable_instances()->mutable_names()->add_names("b-1");
  request.mutable_instances()->mutable_names()->add_names("not-yet");
  ManyStream of_names(server, request);
  ASSERT_TRUE(of_names.ReadUntilCaughtUp());
  EXPECT_THAT(of_names.cursors(), ElementsAre(Pair("b-1", ElementsAre(1, 2))));
  AppendNumbered(server.log(), "not-yet", 1, 1);
  of_names.ReadEvents(3);
  EXPECT_THAT(of_names.cursors(), ElementsAre(Pair("b-1", ElementsAre(1, 2)), Pair("not-yet", ElementsAre(1))));
  request.mutable_instances()->mutable_all();
  ManyStream of_all(server, request);
  ASSERT_TRUE(of_all.ReadUntilCaughtUp());
  EXPECT_EQ(of_all.cursors().size(), 4u);
}

TEST(SubscribeManyTest, ResumesBehindItsPositionAndGoesOnLive) {
  TestServer server;
  for (int i = 0; i < 5; ++i) AppendNumbered(server.log(), absl::StrCat("a-", i), 1, 3);
  std::string position;
  {
    ManyStream stream(server, OfPrefix("a-"));
    ASSERT_TRUE(stream.ReadUntilCaughtUp());
    EXPECT_EQ(stream.cursors().size(), 5u);
    position = stream.position();
  }
  AppendNumbered(server.log(), "a-2", 4, 2);
  v1::SubscribeManyRequest request = OfPrefix("a-");
  request.set_after_position(position);
  ManyStream resumed(server, request);
  ASSERT_TRUE(resumed.ReadUntilCaughtUp());
  EXPECT_THAT(resumed.cursors(), ElementsAre(Pair("a-2", ElementsAre(4, 5))));
  AppendNumbered(server.log(), "a-new", 1, 1);
  resumed.ReadEvents(3);
  EXPECT_THAT(resumed.cursors(), ElementsAre(Pair("a-2", ElementsAre(4, 5)), Pair("a-new", ElementsAre(1))));
}

TEST(SubscribeManyTest, PartsThatAreThereAtOnceShareMessages) {
  TestServer server;
  for (int i = 0; i < 200; ++i) AppendNumbered(server.log(), absl::StrCat("a-", i % 20), static_cast<uint64_t>(i), 1);
  ManyStream stream(server, OfPrefix("a-"));
  ASSERT_TRUE(stream.ReadUntilCaughtUp());
  EXPECT_EQ(stream.cursors().size(), 20u);
  EXPECT_LT(stream.message_count(), 20u);  // 200 parts, and the notices.
}

TEST(SubscribeManyTest, SaysWhatIsWrongWithARequest) {
  TestServer server;
  v1::SubscribeManyRequest request;
  request.mutable_beginning();
  EXPECT_EQ(ManyStream(server, request).FinishWithErrorCode(), "SOURCES_INVALID");
  request.mutable_instances()->set_prefix("a");
  request.clear_start();
  EXPECT_EQ(ManyStream(server, request).FinishWithErrorCode(), "START_REQUIRED");
  request.set_after_position("17");
  EXPECT_EQ(ManyStream(server, request).FinishWithErrorCode(), "POSITION_INVALID");
  request.mutable_instances()->mutable_names()->add_names("no spaces");
  request.mutable_now();
  EXPECT_EQ(ManyStream(server, request).FinishWithErrorCode(), "INSTANCE_NAME_INVALID");
}

TEST(SubscribeManyTest, APositionOfAnotherStoreIsDiverged) {
  TestServer server;
  TestServer other;
  std::string position;
  {
    ManyStream stream(other, OfPrefix("a"));
    ASSERT_TRUE(stream.ReadUntilCaughtUp());
    position = stream.position();
  }
  v1::SubscribeManyRequest request = OfPrefix("a");
  request.set_after_position(position);
  EXPECT_EQ(ManyStream(server, request).FinishWithErrorCode(), "CURSOR_DIVERGED");
}

}  // namespace
}  // namespace playhead
