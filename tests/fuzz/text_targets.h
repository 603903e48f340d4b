// Fuzz targets: positions, filters, patterns and tokens, as clients write them.
#ifndef PLAYHEAD_TESTS_FUZZ_TEXT_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_TEXT_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// A text that is an event's id says the same when it is written again.
void EventId(absl::string_view bytes);
// A text that is a position, in any of its forms, is judged by a log that has been through epochs and a trim.
void Position(absl::string_view bytes);
// What is taken for a token, a key's secret or a signature says the same when it is written again; no access token is
// taken that was not signed.
void Token(absl::string_view bytes);
// Patterns and, last, a type, in lines: a filter matches what the patterns say.
void EventFilter(absl::string_view bytes);
// The same of patterns and the name of an instance: of keys, and of erasures.
void InstancePatterns(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_TEXT_TARGETS_H_
