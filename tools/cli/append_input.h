// Where `append` gets its events from: lines of payloads, of events, or of foreign JSON.
#ifndef PLAYHEAD_TOOLS_CLI_APPEND_INPUT_H_
#define PLAYHEAD_TOOLS_CLI_APPEND_INPUT_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "proto/event_wire.h"

namespace playhead::tools {

// How to read a line.
struct LineFormat {
  std::string instance;                  // If not empty, of all events.
  std::string type;                      // If not empty, of all events.
  std::vector<std::string> instance_at;  // JSON pointers into the line; the first that leads somewhere counts.
  std::vector<std::string> type_at;
  std::vector<std::string> id_at;
  bool ndjson = false;  // Lines are events (proto/event_json.h), not payloads.
};

// An event of a line. Views are valid until the next line is parsed.
struct LineEvent {
  absl::string_view instance;
  NewEvent event;
};

// Not thread-safe.
class LineParser {
 public:
  virtual ~LineParser() = default;
  // InvalidArgument: the line is not what the format says.
  virtual absl::StatusOr<LineEvent> Parse(absl::string_view line) = 0;
};

// InvalidArgument (exit code 2): the parts of `format` do not go together.
absl::StatusOr<std::unique_ptr<LineParser>> NewLineParser(const LineFormat& format);

// A descriptor to read from, and what is known of it.
struct AppendInput {
  int fd = -1;
  std::optional<std::string> path;      // Of a regular file, also one that stdin was redirected from.
  std::optional<uint64_t> total_bytes;  // Of a regular file that is read from its start.
};

// Opens `path`; empty or "-" is stdin.   InvalidArgument: it cannot be opened.
absl::StatusOr<AppendInput> OpenInput(const std::string& path);

// A producer id that is the same for each run over the same file: made of its path and its first line, so that a file
// to which lines were added is gone on with, and another one in its place is not mistaken for it. nullopt if the input
// is no regular file, or is not read from its start.
std::optional<std::string> StableProducerId(const AppendInput& input);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_APPEND_INPUT_H_
