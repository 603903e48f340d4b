// A Consume stream as a client in any language uses it, one call at a time.
#ifndef PLAYHEAD_TESTS_SUPPORT_CONSUME_SESSION_H_
#define PLAYHEAD_TESTS_SUPPORT_CONSUME_SESSION_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "playhead/v1/consumers.grpc.pb.h"
#include "tests/support/key_client.h"

namespace playhead::testing {

// A delivered event.
struct HeldEvent {
  std::string instance;
  uint64_t cursor = 0;
  uint32_t attempt = 0;
  std::string replay_id;
  std::string data;
};

// A request for a consumer of one instance from its beginning, with default options, except that no deadline passes in
// a test that is slow.
v1::CreateConsumerRequest ConsumerOf(const std::string& name, const std::string& instance);
// The same of all instances with a prefix.
v1::CreateConsumerRequest ConsumerOfPrefix(const std::string& name, const std::string& prefix);
// Opens the existing consumer `name`.
v1::ConsumeRequest::Open OpenOf(const std::string& name);
// Opens the consumer, and creates it if it does not exist.
v1::ConsumeRequest::Open OpenOf(const v1::CreateConsumerRequest& create);

// Not thread-safe. Responses that come while a call waits for others are kept for later calls. The stream has a
// deadline of a minute.
class ConsumeSession {
 public:
  ConsumeSession(const std::shared_ptr<grpc::Channel>& channel, const v1::ConsumeRequest::Open& open,
                 const std::string& secret = "");
  // Cancels the stream.
  ~ConsumeSession();
  ConsumeSession(const ConsumeSession&) = delete;
  ConsumeSession& operator=(const ConsumeSession&) = delete;

  // Each waits. It returns false, or fewer events, only if the stream has ended.
  bool AwaitOpened(v1::ConsumeResponse::Opened* opened = nullptr);
  std::vector<HeldEvent> Take(size_t count);
  bool AwaitConfirmed(uint64_t number);
  bool AwaitCaughtUp();
  bool AwaitGap(v1::Gap* gap);
  bool AwaitRefused(v1::ConsumeResponse::Refused* refused);

  // Sends a settlement with the next number, and returns that number.
  uint64_t Settle(v1::Settlement settlement);
  uint64_t Ack(const HeldEvent& event);
  uint64_t AckUpTo(const std::string& instance, uint64_t cursor);
  uint64_t Nack(const HeldEvent& event, uint32_t delay_ms = 0, const std::string& reason = "");
  uint64_t Park(const HeldEvent& event, const std::string& reason);
  uint64_t InProgress(const HeldEvent& event);
  void Credit(uint32_t events);
  // Sends the request unchanged.
  bool Send(const v1::ConsumeRequest& request) { return stream_->Write(request); }

  // Half-closes, reads to the end and returns how the stream ended. What came until then can still be taken.
  CallOutcome End();
  // Waits for the broker to end the stream.
  CallOutcome AwaitEnd();
  void Cancel() { context_.TryCancel(); }

  // All refusals that came so far, in order.
  const std::vector<v1::ConsumeResponse::Refused>& refused() const { return refused_; }

 private:
  // Reads one response. False at the end.
  bool Read();

  grpc::ClientContext context_;
  std::unique_ptr<v1::Consumers::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::ConsumeRequest, v1::ConsumeResponse>> stream_;
  bool ended_ = false;
  uint64_t last_number_ = 0;

  std::deque<v1::ConsumeResponse> notices_;  // Opened, caught up and gaps that nobody awaited so far.
  std::deque<HeldEvent> events_;
  std::vector<v1::ConsumeResponse::Refused> refused_;
  size_t refused_taken_ = 0;
  uint64_t confirmed_ = 0;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_CONSUME_SESSION_H_
