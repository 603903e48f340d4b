// Readers over Socket.IO, of the webhook instance. Each runs until its progress is done, across restarts of the broker.
#ifndef PLAYHEAD_TESTS_LOAD_SOCKETIO_READERS_H_
#define PLAYHEAD_TESTS_LOAD_SOCKETIO_READERS_H_

#include "tests/load/place.h"
#include "tests/load/progress.h"

namespace playhead::testing {

// Reads /api/events as socket.io-client does: on reconnect it sends the id of its session and the offset of its last
// event.
void ReadBySocketIo(const Place& place, Progress& progress);

// Reads /api/events as python-socketio does: it acknowledges events, and sends nothing about its session on reconnect.
void ReadByPythonSocketIo(const Place& place, Progress& progress);

// Reads a room of MultiWA's gateway: on reconnect it joins again and sends no position. The broker infers from its
// answers to pings what it has read.
void ReadByMultiWaRoom(const Place& place, Progress& progress);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_SOCKETIO_READERS_H_
