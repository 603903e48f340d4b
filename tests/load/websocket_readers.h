// Readers over plain WebSockets, of the webhook instance. Each runs until its progress is done, across restarts of the
// broker.
#ifndef PLAYHEAD_TESTS_LOAD_WEBSOCKET_READERS_H_
#define PLAYHEAD_TESTS_LOAD_WEBSOCKET_READERS_H_

#include "tests/load/place.h"
#include "tests/load/progress.h"

namespace playhead::testing {

// Reads VZaps' API as its Go SDK does: it acknowledges each event, and sends no position on reconnect.
void ReadByVZaps(const Place& place, Progress& progress);

// Reads the WebSocket of MultiWA's page: it reconnects with the cursor of the last event.
void ReadByMultiWaPage(const Place& place, Progress& progress);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_WEBSOCKET_READERS_H_
