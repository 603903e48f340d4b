// libFuzzer's entry: one program for all targets. PLAYHEAD_FUZZ_TARGET names the one that runs; the arguments are
// libFuzzer's own, which starts itself again with them. Built and run by tests/fuzz/run.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/string_view.h"
#include "tests/fuzz/targets.h"

namespace {

void (*run)(absl::string_view bytes);

}  // namespace

extern "C" int LLVMFuzzerInitialize(int*, char***) {
  const char* const name = std::getenv("PLAYHEAD_FUZZ_TARGET");
  const auto targets = playhead::fuzz::Targets();
  const auto found = std::find_if(targets.begin(), targets.end(), [name](const playhead::fuzz::Target& target) {
    return name != nullptr && absl::string_view(target.name) == name;
  });
  if (found == targets.end()) {
    std::fprintf(stderr, "PLAYHEAD_FUZZ_TARGET is none of the targets of tests/fuzz/targets.cc\n");
    std::exit(2);
  }
  run = found->run;
  return 0;
}

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  run(absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
