// The settlement requests of a Consume stream that were read and are not yet answered: bounds them, and finds the next
// answer.
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

// Requests are answered in the order of their numbers, in whatever order they are done. Requests without refusals are
// answered together by one Confirmed; the refusals of a request are sent before the Confirmed that covers its number.
// So a client that does not read its answers leaves only refusals pending, which occupy the place of their request. Not
// thread-safe.
class SettleWindow {
 public:
  SettleWindow(size_t requests_max, size_t bytes_max) : requests_max_(requests_max), bytes_max_(bytes_max) {}

  // Whether one more request may be read. That request may exceed the bound on bytes.
  bool has_room() const { return requests_.size() < requests_max_ && bytes_ < bytes_max_; }

  // Adds the request `number`, of `bytes`. InvalidArgument (SETTLEMENT_INVALID) if the number is not larger than all
  // earlier ones; then nothing is added.
  absl::Status Add(uint64_t number, size_t bytes);

  // Set the refused settlements of the request `number`, and note that its others are durable. A request is done when
  // both were called, in either order. REQUIRES: Add succeeded for `number`; each is called once.
  void SetRefused(uint64_t number, v1::ConsumeResponse::Refused refused);
  void SetDurable(uint64_t number);

  // Drops the request `number` and all later ones: they are not answered, and later calls for them have no effect.
  void Abandon(uint64_t number);

  // The next answer to send now; nullopt if there is none.
  std::optional<v1::ConsumeResponse> TakeAnswer();

  // Whether everything is answered.
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

  // nullptr if the request was abandoned.
  Request* Find(uint64_t number);

  const size_t requests_max_;
  const size_t bytes_max_;
  std::deque<Request> requests_;  // In the order of their numbers.
  size_t bytes_ = 0;              // The bytes of `requests_`.
  uint64_t last_number_ = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_SETTLE_WINDOW_H_
