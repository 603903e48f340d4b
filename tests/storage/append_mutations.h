// Encoded AppendRequests for tests of the validator: random valid ones, and damaged ones made from them.
#ifndef PLAYHEAD_TESTS_STORAGE_APPEND_MUTATIONS_H_
#define PLAYHEAD_TESTS_STORAGE_APPEND_MUTATIONS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "playhead/v1/event_log.pb.h"
#include "tests/support/seed.h"

namespace playhead::storage {

// A request that is mostly sound: some of its fields may break a limit.
v1::AppendRequest RandomAppendRequest(playhead::testing::Random& random);

// `bytes` with a few random changes: flips, cuts, insertions, repetitions, and varints made longer than need be.
std::string Mutated(std::string bytes, playhead::testing::Random& random);

// What the validator promises of `request`: if it admits it, the generated parser does too and reads the same values.
// Returns what is wrong, or nothing. Sets `admitted`.
std::string CheckAgainstParser(absl::string_view request, bool& admitted);

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_STORAGE_APPEND_MUTATIONS_H_
