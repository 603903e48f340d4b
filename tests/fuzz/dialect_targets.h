// Fuzz targets: what dialects show their clients, and what those say.
#ifndef PLAYHEAD_TESTS_FUZZ_DIALECT_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_DIALECT_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// A dialect's name, a type and, behind two line ends, data: whatever the event, each dialect makes JSON of it that its
// clients take, in steps that rise, and a frame of each.
void Rendering(absl::string_view bytes);
// A text frame of a client of VZaps or MultiWA: what is read of it is sound, and what is replied is JSON.
void DialectMessage(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_DIALECT_TARGETS_H_
