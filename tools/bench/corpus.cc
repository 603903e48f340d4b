#include "tools/bench/corpus.h"

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "proto/event_wire.h"
#include "tools/cli/exit_code.h"

// In default_corpus.S.
extern "C" const char playhead_default_corpus[];
extern "C" const char playhead_default_corpus_end[];

namespace playhead::tools {

void Corpus::Add(absl::string_view line) {
  if (line.empty()) return;
  std::string event;
  AppendEvent({.type = kType, .data = line}, kEventsTag, event);
  payloads_.emplace_back(line);
  encoded_.push_back(std::move(event));
}

absl::StatusOr<Corpus> Corpus::Load(const std::string& path) {
  Corpus corpus;
  if (path.empty()) {
    const absl::string_view text(playhead_default_corpus,
                                 static_cast<size_t>(playhead_default_corpus_end - playhead_default_corpus));
    for (const absl::string_view line : absl::StrSplit(text, '\n')) corpus.Add(line);
    return corpus;
  }
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) corpus.Add(line);
  if (corpus.payloads_.empty()) return UsageError(absl::StrCat("there are no lines to read in ", path));
  return corpus;
}

uint64_t Corpus::AppendEvents(uint64_t first, uint64_t count, char tag, std::string& out) const {
  uint64_t bytes = 0;
  for (uint64_t i = first; i < first + count; ++i) {
    const size_t at = out.size();
    out += encoded_[i % encoded_.size()];
    out[at] = tag;
    bytes += payload(i).size();
  }
  return bytes;
}

}  // namespace playhead::tools
