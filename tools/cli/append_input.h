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
  std::string instance;                  // Of all events, if not empty.
  std::string type;                      // Of all events, if not empty.
  std::vector<std::string> instance_at;  // JSON pointers into the line; the first that resolves counts.
  std::vector<std::string> type_at;
  std::vector<std::string> id_at;
  bool ndjson = false;  // Lines are events (proto/event_json.h), not payloads.
};

// The event of a line. Views are valid until the next line is parsed.
struct LineEvent {
  absl::string_view instance;
  NewEvent event;
};

// Not thread-safe.
class LineParser {
 public:
  virtual ~LineParser() = default;
  // InvalidArgument: the line does not have the format.
  virtual absl::StatusOr<LineEvent> Parse(absl::string_view line) = 0;
};

// InvalidArgument (exit code 2): the members of `format` contradict each other.
absl::StatusOr<std::unique_ptr<LineParser>> NewLineParser(const LineFormat& format);

// A descriptor to read from, and what is known about it.
struct AppendInput {
  int fd = -1;
  std::optional<std::string> path;      // For a regular file, including one redirected to stdin.
  std::optional<uint64_t> total_bytes;  // For a regular file that is read from its start.
};

// Opens `path`; empty or "-" is stdin.   InvalidArgument: it cannot be opened.
absl::StatusOr<AppendInput> OpenInput(const std::string& path);

// A producer id that is the same for each run over the same file. It is made of the path and the first line, so that a
// file to which lines were added is continued, and a different file at the same path is not mistaken for it. nullopt if
// the input is not a regular file, or is not read from its start.
std::optional<std::string> StableProducerId(const AppendInput& input);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_APPEND_INPUT_H_
