// All fuzz targets, by name: functions that take any bytes and abort if a promise is broken.
//
// tests/fuzz/run drives them with libFuzzer; fuzz_test runs their corpora with every `bazel test`.
#ifndef PLAYHEAD_TESTS_FUZZ_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_TARGETS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace playhead::fuzz {

struct Target {
  const char* name;  // Of the folder of its corpus, in tests/fuzz/corpus.
  void (*run)(absl::string_view bytes);
  int mutations = 5'000;  // That fuzz_test runs: fewer where a run goes through a whole broker.
};

absl::Span<const Target> Targets();

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_TARGETS_H_
