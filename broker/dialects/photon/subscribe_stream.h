// MessageService.SubscribeEvents: a subscription of the broker, rendered and framed one event a message.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_SUBSCRIBE_STREAM_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_SUBSCRIBE_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "broker/dialects/photon/dialect.h"

namespace playhead::broker::photon {

// Takes up a stream. One write is in flight at a time, and the next delivery is asked for only when all frames of the
// last are written: what a slow client does not take stays in the log, and a heartbeat's cursor is never ahead of what
// was written.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartSubscribeStream(const Dialect& dialect,
                                                                 grpc::CallbackServerContext& context,
                                                                 const grpc::ByteBuffer& request);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_SUBSCRIBE_STREAM_H_
