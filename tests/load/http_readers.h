// Readers of server-sent events. Each runs until its progress is done, across restarts of the broker.
#ifndef PLAYHEAD_TESTS_LOAD_HTTP_READERS_H_
#define PLAYHEAD_TESTS_LOAD_HTTP_READERS_H_

#include "tests/load/place.h"
#include "tests/load/progress.h"

namespace playhead::testing {

// Both do as EventSource does: they reconnect with the last event id, and any status but 200 is final.
// Reads the webhook instance.
void ReadServerSentEvents(const Place& place, Progress& progress);
// Reads all instances of the load.
void ReadServerSentEventsOfMany(const Place& place, Progress& progress);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_HTTP_READERS_H_
