// The payloads that benchmarks append: the lines of a file, by default the project's webhook bodies.
#ifndef PLAYHEAD_TOOLS_BENCH_CORPUS_H_
#define PLAYHEAD_TOOLS_BENCH_CORPUS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::tools {

// Immutable.
class Corpus {
 public:
  static constexpr absl::string_view kType = "webhook";

  // Reads `path`; if empty, uses tests/data/meta_webhooks.ndjson, which is embedded in the program.
  //   InvalidArgument  there is no such file, or it has no lines.
  static absl::StatusOr<Corpus> Load(const std::string& path);

  // Line `i` of an endless repetition.
  absl::string_view payload(uint64_t i) const { return payloads_[i % payloads_.size()]; }

  // Appends events `first` to `first + count` of the repetition to `out`, encoded as elements of the field with `tag`.
  // Returns the bytes of their payloads.
  uint64_t AppendEvents(uint64_t first, uint64_t count, char tag, std::string& out) const;

 private:
  void Add(absl::string_view line);

  std::vector<std::string> payloads_;
  std::vector<std::string> encoded_;  // Each begins with a placeholder for the tag.
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_CORPUS_H_
