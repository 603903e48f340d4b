// Fuzz targets: events on their way in, and on their way out to the client.
#ifndef PLAYHEAD_TESTS_FUZZ_APPEND_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_APPEND_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// What the validator admits, the generated parser reads the same.
void AppendRequest(absl::string_view bytes);
// The same of one event in a sound request; and reading any bytes as an event stays within them.
void Event(absl::string_view bytes);
// What a body over HTTP is read as, in any of its forms, is sound, and reads the same when it is written again.
void HttpAppendBody(absl::string_view bytes);
// What is read as a gap of the source keeps the rules, and reads the same when it is written again.
void UpstreamGap(absl::string_view bytes);
// What the client takes for events of a message is within the message.
void ClientBatch(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_APPEND_TARGETS_H_
