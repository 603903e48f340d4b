// One result of `playhead doctor`: a line in plain words.
#ifndef PLAYHEAD_TOOLS_DOCTOR_DIAGNOSIS_H_
#define PLAYHEAD_TOOLS_DOCTOR_DIAGNOSIS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace playhead::tools {

enum class Severity {
  kGood,
  kNote,     // Worth knowing; nothing is wrong.
  kWarning,  // Works, but not as well or as safely as it should.
  kProblem,  // The broker will not start, or a guarantee does not hold.
};
// "good", "note", "warning", "problem".
absl::string_view SeverityName(Severity severity);

struct Diagnosis {
  Severity severity = Severity::kGood;
  std::string code = "OK";   // For scripts, stable; listed in docs/operating.md. OK for kGood.
  std::string subject = {};  // "disk speed": the same for every outcome of a check.
  std::string finding = {};  // What was found, with figures.
  std::string advice = {};   // What to do; may be empty.
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_DOCTOR_DIAGNOSIS_H_
