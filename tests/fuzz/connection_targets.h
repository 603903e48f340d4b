// Fuzz targets: all bytes of one HTTP/1.1 or WebSocket connection, through the code that serves it.
#ifndef PLAYHEAD_TESTS_FUZZ_CONNECTION_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_CONNECTION_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// Input: a byte for the size of the pieces in which the bytes arrive, and the connection's bytes. Promises: the same
// requests reach the handlers whatever the pieces, each is answered, each refusal has a reason, and the connection ends.
void HttpConnection(absl::string_view bytes);
// The same for frames after a valid handshake. Promises: the handler gets the messages that RFC 6455 defines, gets
// OnClosed once, and what is sent back are a server's frames with these messages in order.
void WebSocketConnection(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_CONNECTION_TARGETS_H_
