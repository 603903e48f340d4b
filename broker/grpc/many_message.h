// Builds SubscribeManyResponses from the stored bytes of events, which are not parsed.
#ifndef PLAYHEAD_BROKER_GRPC_MANY_MESSAGE_H_
#define PLAYHEAD_BROKER_GRPC_MANY_MESSAGE_H_

#include <grpcpp/support/byte_buffer.h>

#include <cstddef>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "broker/read/many_delivery.h"

namespace playhead::broker {

// Collects parts for one message. Not thread-safe.
class ManyMessage {
 public:
  // `position` is `events.position` in the form that the client gets. The message keeps the events' blocks alive.
  void Add(const ManyEvents& events, absl::string_view position);
  size_t bytes() const { return bytes_; }

  // Returns the message, and resets this object.
  grpc::ByteBuffer Finish();

 private:
  void FlushCopied();

  std::vector<grpc::Slice> slices_;
  std::string copied_;  // Follows `slices_`: the fields around the events, and events that are cheaper to copy.
  size_t bytes_ = 0;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_MANY_MESSAGE_H_
