#include "broker/http/responder.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "proto/errors.h"

namespace playhead::broker::http {
namespace {

class RecordingSink final : public ResponseSink {
 public:
  void Respond(Response response) override { responses.push_back(std::move(response)); }
  void RespondStreaming(Response head, std::shared_ptr<ResponseStreamHandler> /*handler*/) override {
    streamed.push_back(std::move(head));
  }
  void AcceptWebSocket(Request /*request*/, const WebSocketOptions& /*options*/,
                       std::shared_ptr<WebSocketHandler> /*handler*/) override {
    ++accepted;
  }
  std::vector<Response> responses;
  std::vector<Response> streamed;
  int accepted = 0;
};

class ResponderTest : public ::testing::Test {
 protected:
  const std::shared_ptr<RecordingSink> sink_ = std::make_shared<RecordingSink>();
};

TEST_F(ResponderTest, AStreamOrAWebSocketIsAnAnswerToo) {
  Responder(sink_).Stream({.status = 200}, nullptr);
  Responder(sink_).Accept(Request(), WebSocketOptions(), nullptr);
  EXPECT_EQ(sink_->streamed.size(), 1u);
  EXPECT_EQ(sink_->accepted, 1);
  EXPECT_TRUE(sink_->responses.empty());
}

TEST_F(ResponderTest, SendsOnce) {
  {
    Responder responder(sink_);
    Responder moved(std::move(responder));
    std::move(moved).Send(TextResponse(200, "ok"));
  }
  ASSERT_EQ(sink_->responses.size(), 1u);
  EXPECT_EQ(sink_->responses[0].body, "ok");
}

TEST_F(ResponderTest, DroppedUnsentIsAnInternalError) {
  { Responder responder(sink_); }
  ASSERT_EQ(sink_->responses.size(), 1u);
  EXPECT_EQ(sink_->responses[0].status, 500);
}

TEST_F(ResponderTest, AssigningOverOneAnswersIt) {
  const auto other = std::make_shared<RecordingSink>();
  Responder responder(sink_);
  responder = Responder(other);
  EXPECT_EQ(sink_->responses.size(), 1u);
  EXPECT_EQ(other->responses.size(), 0u);
  std::move(responder).Refuse(MakeError(Reason::kRouteNotFound, "nothing"));
  ASSERT_EQ(other->responses.size(), 1u);
  EXPECT_EQ(other->responses[0].status, 404);
}

}  // namespace
}  // namespace playhead::broker::http
