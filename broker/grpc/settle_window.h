// What a Consume stream has read of settlements and not yet answered: bounds it, and knows what to answer next.
#ifndef PLAYHEAD_BROKER_GRPC_SETTLE_WINDOW_H_
#define PLAYHEAD_BROKER_GRPC_SETTLE_WINDOW_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>

#include "absl/status/status.h"
#include "playhead/v1/consumers.pb.h"

namespace playhead::broker {

// Requests are answered in the order of their numbers, whenever they are done: those without a refusal together, by one
// Confirmed; and the refusals of one before the Confirmed that reaches its number. So a client that does not read its
// answers leaves only refusals behind, which keep the place of their request. Not thread-safe.
class SettleWindow {
 public:
  SettleWindow(size_t requests_max, size_t bytes_max) : requests_max_(requests_max), bytes_max_(bytes_max) {}

  // Whether one more request may be read. The one that is read then may go beyond the bound on bytes.
  bool has_room() const { return requests_.size() < requests_max_ && bytes_ < bytes_max_; }

  // Takes up the request `number`, of `bytes`. InvalidArgument (SETTLEMENT_INVALID) unless the number is larger than
  // those before it: nothing is taken up.
  absl::Status Add(uint64_t number, size_t bytes);

  // What of the request `number` does not count; and that the rest of it is durable. It is done when both were said, in
  // whichever order. REQUIRES: Add took it up; each is said once.
  void SetRefused(uint64_t number, v1::ConsumeResponse::Refused refused);
  void SetDurable(uint64_t number);

  // Neither the request `number` nor one behind it is answered any more; what is said of them changes nothing.
  void Abandon(uint64_t number);

  // The next answer that is due, to be sent now; nullopt if none is.
  std::optional<v1::ConsumeResponse> TakeAnswer();

  // Everything is answered.
  bool empty() const { return requests_.empty(); }

 private:
  struct Request {
    uint64_t number;
    size_t bytes;
    bool judged = false;
    bool durable = false;
    v1::ConsumeResponse::Refused refused;

    bool done() const { return judged && durable; }
  };

  // nullptr if it was abandoned.
  Request* Find(uint64_t number);

  const size_t requests_max_;
  const size_t bytes_max_;
  std::deque<Request> requests_;  // In the order of their numbers.
  size_t bytes_ = 0;              // Of these.
  uint64_t last_number_ = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_SETTLE_WINDOW_H_
