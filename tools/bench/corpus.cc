#include "tools/bench/corpus.h"

#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/event_wire.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {
namespace {

namespace fs = std::filesystem;

constexpr char kDefaultPath[] = "tests/data/meta_webhooks.ndjson";

std::string FindDefault() {
  std::error_code error;
  for (fs::path folder : {fs::current_path(error), fs::read_symlink("/proc/self/exe", error).parent_path()}) {
    for (; !folder.empty(); folder = folder.parent_path()) {
      if (fs::exists(folder / kDefaultPath, error)) return (folder / kDefaultPath).string();
      if (folder == folder.root_path()) break;
    }
  }
  return "";
}

}  // namespace

absl::StatusOr<Corpus> Corpus::Load(const std::string& path) {
  const std::string found = path.empty() ? FindDefault() : path;
  if (found.empty()) return UsageError(absl::StrCat("cannot find ", kDefaultPath, ": give --corpus=FILE"));
  std::ifstream file(found);
  Corpus corpus;
  for (std::string line; std::getline(file, line);) {
    if (line.empty()) continue;
    std::string event;
    AppendEvent({.type = kType, .data = line}, kEventsTag, event);
    corpus.payloads_.push_back(std::move(line));
    corpus.encoded_.push_back(std::move(event));
  }
  if (corpus.payloads_.empty()) return UsageError(absl::StrCat("there are no lines in ", found));
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
