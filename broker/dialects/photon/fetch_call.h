// MessageService.FetchMissedEvents: what came after a cursor, as much as one reply can carry.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_FETCH_CALL_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_FETCH_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>

#include "broker/dialects/photon/dialect.h"

namespace playhead::broker::photon {

// A reply ends before it would be larger, unless its first event is: the client takes 4 MiB and asks only once.
inline constexpr size_t kReplyBytesMax = size_t{3} << 20;
// The most that a client may ask for; without a limit the size of the reply is the only one.
inline constexpr int kFetchLimitMax = 10'000;

// Takes up a call. What its reply does not carry, the connection's next stream does (continuations.h).
grpc::ServerUnaryReactor* StartFetchCall(const Dialect& dialect, grpc::CallbackServerContext& context,
                                         const grpc::ByteBuffer& request, grpc::ByteBuffer& response);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_FETCH_CALL_H_
