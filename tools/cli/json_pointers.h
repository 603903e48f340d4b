// Finds the instance, type and id of any JSON document by JSON pointers (RFC 6901).
#ifndef PLAYHEAD_TOOLS_CLI_JSON_POINTERS_H_
#define PLAYHEAD_TOOLS_CLI_JSON_POINTERS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::tools {

// Not thread-safe.
class JsonPointers {
 public:
  JsonPointers();
  ~JsonPointers();

  // Makes `line` the document that Find searches. InvalidArgument if it is not JSON.
  absl::Status Load(absl::string_view line);

  // The string or number at the first of `pointers` that leads to one, as text. InvalidArgument if none does.
  absl::StatusOr<std::string> Find(const std::vector<std::string>& pointers);

 private:
  class Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_JSON_POINTERS_H_
