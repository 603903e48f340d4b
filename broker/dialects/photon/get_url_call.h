// MediaService.GetUrl: the url in the newest stored message with the media.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_GET_URL_CALL_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_GET_URL_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>

#include "absl/time/time.h"
#include "broker/dialects/photon/dialect.h"

namespace playhead::broker::photon {

// The log is searched backwards from its end, through at most this many bytes of messages and for at most this long.
// WhatsApp's urls are valid for minutes, so older ones would be useless.
inline constexpr size_t kMediaSearchBytesMax = size_t{64} << 20;
inline constexpr absl::Duration kMediaSearchTimeMax = absl::Seconds(2);

// Starts a call. NotFound (MEDIA_NOT_FOUND) if no message within the bounds has the media.
grpc::ServerUnaryReactor* StartGetUrlCall(const Dialect& dialect, grpc::CallbackServerContext& context,
                                          const grpc::ByteBuffer& request, grpc::ByteBuffer& response);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_GET_URL_CALL_H_
