// MediaService.GetUrl: from the newest stored message that has the media and its url.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_GET_URL_CALL_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_GET_URL_CALL_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>

#include "absl/time/time.h"
#include "broker/dialects/photon/dialect.h"

namespace playhead::broker::photon {

// The log is searched from its end, through at most this many bytes of messages and for at most this long. The urls
// that WhatsApp gives out are good for minutes: what is further back would be no use.
inline constexpr size_t kMediaSearchBytesMax = size_t{64} << 20;
inline constexpr absl::Duration kMediaSearchTimeMax = absl::Seconds(2);

// Takes up a call. NotFound (MEDIA_NOT_FOUND) if no message within the bounds has it.
grpc::ServerUnaryReactor* StartGetUrlCall(const Dialect& dialect, grpc::CallbackServerContext& context,
                                          const grpc::ByteBuffer& request, grpc::ByteBuffer& response);

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_GET_URL_CALL_H_
