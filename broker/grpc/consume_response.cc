#include "broker/grpc/consume_response.h"

#include <variant>

#include "broker/grpc/consumer_messages.h"
#include "broker/grpc/message_buffer.h"
#include "broker/grpc/read_request.h"
#include "playhead/v1/consumers.pb.h"

namespace playhead::broker {
namespace {

class Encoder {
 public:
  explicit Encoder(const ConsumeContext& context) : context_(context) {}

  grpc::ByteBuffer operator()(const HolderOpened& opened) const {
    v1::ConsumeResponse message;
    v1::ConsumeResponse::Opened& out = *message.mutable_opened();
    *out.mutable_config() = ToProto(opened.config);
    *out.mutable_position() = Position(opened.position);
    out.set_created(context_.created);
    out.set_in_flight_max(opened.in_flight_max);
    out.set_heartbeat_interval_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(context_.heartbeat_interval)));
    return ToByteBuffer(message);
  }

  grpc::ByteBuffer operator()(const HeldEvents& events) const {
    v1::ConsumeResponse rest;
    rest.set_instance(events.instance->name());
    rest.mutable_attempts()->Add(events.attempts.begin(), events.attempts.end());
    rest.set_replayed(!events.replay_id.empty());
    rest.set_replay_id(events.replay_id);
    return EventsBuffer(events.slices, rest.SerializeAsString());
  }

  grpc::ByteBuffer operator()(const HolderCaughtUp& caught_up) const {
    v1::ConsumeResponse message;
    *message.mutable_caught_up()->mutable_position() = Position(caught_up.position);
    return ToByteBuffer(message);
  }

  grpc::ByteBuffer operator()(const HolderHeartbeat& heartbeat) const {
    v1::ConsumeResponse message;
    v1::ConsumeResponse::Heartbeat& out = *message.mutable_heartbeat();
    *out.mutable_position() = Position(heartbeat.position);
    out.set_in_flight(heartbeat.in_flight);
    out.set_pause(ToProto(heartbeat.pause));
    return ToByteBuffer(message);
  }

  grpc::ByteBuffer operator()(const HolderGap& gap) const {
    v1::ConsumeResponse message;
    if (gap.instance != nullptr) message.set_instance(gap.instance->name());
    *message.mutable_gap() = ToProto(gap.gap);
    return ToByteBuffer(message);
  }

  grpc::ByteBuffer operator()(const Closed&) const { return grpc::ByteBuffer(); }

 private:
  v1::ConsumerPosition Position(const FeedPosition& position) const {
    return ToProto(context_.log, position, context_.one_instance);
  }

  const ConsumeContext& context_;
};

}  // namespace

grpc::ByteBuffer EncodeDelivery(const HolderDelivery& delivery, const ConsumeContext& context) {
  return std::visit(Encoder(context), delivery);
}

}  // namespace playhead::broker
