// MessageService.SubscribeEvents: a subscription, rendered, with one message per event.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_SUBSCRIBE_STREAM_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_SUBSCRIBE_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "broker/dialects/photon/dialect.h"

namespace playhead::broker::photon {

// Starts a stream. One write is in flight at a time, and the next delivery is requested only when all frames of the
// last one are written. So events that a slow client has not taken stay in the log, and a heartbeat's cursor is never
// ahead of what was written.
grpc::ServerWriteReactor<grpc::ByteBuffer>* StartSubscribeStream(const Dialect& dialect,
                                                                 grpc::CallbackServerContext& context,
                                                                 const grpc::ByteBuffer& request);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_SUBSCRIBE_STREAM_H_
