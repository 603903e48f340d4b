// Readers of playhead.v1 with the C++ client. Each runs until its progress is done, across restarts of the broker.
#ifndef PLAYHEAD_TESTS_LOAD_NATIVE_READERS_H_
#define PLAYHEAD_TESTS_LOAD_NATIVE_READERS_H_

#include "tests/load/place.h"
#include "tests/load/progress.h"

namespace playhead::testing {

// Reads the webhook instance. Checks that each number is the cursor of its event.
void ReadBySubscribe(const Place& place, Progress& progress);

// Reads all instances of the load.
void ReadBySubscribeMany(const Place& place, Progress& progress);

// Reads all instances as a consumer that acknowledges, and sometimes nacks an event once. An event whose settlement was
// confirmed must not be redelivered.
void ReadByConsume(const Place& place, Progress& progress);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_NATIVE_READERS_H_
