// Fuzz targets: what the command line reads, and what it prints of what others wrote.
#ifndef PLAYHEAD_TESTS_FUZZ_COMMAND_LINE_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_COMMAND_LINE_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// A line of `playhead append`'s input, as an event and as foreign JSON: what is taken is UTF-8 where it has to be.
void AppendLine(absl::string_view bytes);
// Sizes and durations read the same when they are written again; what is printed has nothing that a terminal acts on.
void CommandLineText(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_COMMAND_LINE_TARGETS_H_
