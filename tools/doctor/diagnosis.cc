#include "tools/doctor/diagnosis.h"

namespace playhead::tools {

absl::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kGood:
      return "good";
    case Severity::kNote:
      return "note";
    case Severity::kWarning:
      return "warning";
    case Severity::kProblem:
      return "problem";
  }
  return "";
}

}  // namespace playhead::tools
