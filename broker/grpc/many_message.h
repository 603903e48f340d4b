// SubscribeManyResponse, of the stored bytes of events: nothing is parsed or built for a subscriber.
#ifndef PLAYHEAD_BROKER_GRPC_MANY_MESSAGE_H_
#define PLAYHEAD_BROKER_GRPC_MANY_MESSAGE_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/many_delivery.h"

namespace playhead::broker {

// Collects parts for one message. Not thread-safe.
class ManyMessage {
 public:
  // `position`: what `events.position` is for the client. The message keeps the events' blocks alive.
  void Add(const ManyEvents& events, absl::string_view position);
  size_t bytes() const { return bytes_; }

  // The message. Then this is empty again.
  grpc::ByteBuffer Finish();

 private:
  void FlushCopied();

  std::vector<grpc::Slice> slices_;
  std::string copied_;  // What comes behind `slices_`: fields around the events, and events too small to refer to.
  size_t bytes_ = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_MANY_MESSAGE_H_
