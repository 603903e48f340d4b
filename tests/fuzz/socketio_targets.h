// Fuzz targets: what clients of Engine.IO and Socket.IO send.
#ifndef PLAYHEAD_TESTS_FUZZ_SOCKETIO_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_SOCKETIO_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// The body of a poll's request is read to its end, and means the same when it is written again.
void EngineIoPayload(absl::string_view bytes);
// What is read as a packet of Socket.IO means the same when it is written again; its data are JSON, and cut where its
// elements end.
void SocketIoPacket(absl::string_view bytes);
// The payload of a CONNECT, or the arguments of a `subscribe`: names are UTF-8.
void SocketIoArguments(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_SOCKETIO_TARGETS_H_
