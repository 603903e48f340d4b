// What the benchmarks of a broker share.
#ifndef PLAYHEAD_TOOLS_BENCH_BENCH_FLAGS_H_
#define PLAYHEAD_TOOLS_BENCH_BENCH_FLAGS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "tools/bench/corpus.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/flags.h"

namespace playhead::tools {

struct BenchFlags {
  ClientFlags client;
  std::string corpus;

  void Add(FlagSet& flags);
  absl::StatusOr<Corpus> LoadCorpus() const { return Corpus::Load(corpus); }
};

// A name unique to this run: `prefix` and random digits.
std::string UniqueName(absl::string_view prefix);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_BENCH_FLAGS_H_
