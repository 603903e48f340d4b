// A reader of Photon's API that does as its SDK does: when its stream ends, it fetches what it missed and subscribes
// again.
#ifndef PLAYHEAD_TESTS_LOAD_PHOTON_READER_H_
#define PLAYHEAD_TESTS_LOAD_PHOTON_READER_H_

#include "tests/load/place.h"
#include "tests/load/progress.h"

namespace playhead::testing {

// Reads the webhook instance. Runs until its progress is done, across restarts of the broker.
void ReadByPhoton(const Place& place, Progress& progress);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_LOAD_PHOTON_READER_H_
