#include "tools/bench/bench_flags.h"

#include <random>

#include "absl/strings/str_cat.h"

namespace playhead::tools {

void BenchFlags::Add(FlagSet& flags) {
  flags.Text("corpus", &corpus, "FILE", "Payloads, one a line. Default: 4,000 WhatsApp webhook bodies.");
  client.Add(flags, /*streams=*/false);
}

std::string UniqueName(absl::string_view prefix) {
  std::random_device random;
  return absl::StrCat(prefix, "-", absl::Hex(random(), absl::kZeroPad8));
}

}  // namespace playhead::tools
