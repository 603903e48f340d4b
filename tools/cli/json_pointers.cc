#include "tools/cli/json_pointers.h"

#include <simdjson.h>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {

class JsonPointers::Parser {
 public:
  absl::Status Load(absl::string_view line) {
    padded_ = simdjson::padded_string(line.data(), line.size());
    if (const auto error = parser_.iterate(padded_).get(document_); error != 0) {
      return UsageError(absl::StrCat("not JSON (", simdjson::error_message(error), ")"));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> Find(const std::vector<std::string>& pointers) {
    for (const std::string& pointer : pointers) {
      // simdjson cannot search a document again once it has found it to be malformed.
      if (!document_.is_alive()) return UsageError("not JSON");
      simdjson::ondemand::value value;
      if (document_.at_pointer(pointer).get(value) != 0) continue;
      std::string_view text;
      if (value.get_string().get(text) == 0) return std::string(text);
      simdjson::ondemand::json_type type;
      if (value.type().get(type) != 0 || type != simdjson::ondemand::json_type::number) continue;
      text = value.raw_json_token();
      return std::string(absl::StripAsciiWhitespace({text.data(), text.size()}));
    }
    return UsageError(absl::StrCat("no string or number at ", absl::StrJoin(pointers, " or ")));
  }

 private:
  simdjson::ondemand::parser parser_;
  simdjson::padded_string padded_;
  simdjson::ondemand::document document_;
};

JsonPointers::JsonPointers() : parser_(std::make_unique<Parser>()) {}
JsonPointers::~JsonPointers() = default;

absl::Status JsonPointers::Load(absl::string_view line) { return parser_->Load(line); }

absl::StatusOr<std::string> JsonPointers::Find(const std::vector<std::string>& pointers) {
  return parser_->Find(pointers);
}

}  // namespace playhead::tools
