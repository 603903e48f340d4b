// MessageService.FetchMissedEvents: the events after a cursor, as many as fit one reply.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_FETCH_CALL_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_FETCH_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>

#include "broker/dialects/photon/dialect.h"

namespace playhead::broker::photon {

// A reply ends before it exceeds this, unless its first event alone does. The client accepts 4 MiB and fetches only
// once.
inline constexpr size_t kReplyBytesMax = size_t{3} << 20;
// The maximum `limit` of a request. Without a limit, only the size of the reply is bounded.
inline constexpr int kFetchLimitMax = 10'000;

// Starts a call. Events that do not fit the reply are sent by the connection's next stream (continuations.h).
grpc::ServerUnaryReactor* StartFetchCall(const Dialect& dialect, grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request, grpc::ByteBuffer& response);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_FETCH_CALL_H_
