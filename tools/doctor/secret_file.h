// Checks files that hold secrets.
#ifndef PLAYHEAD_TOOLS_DOCTOR_SECRET_FILE_H_
#define PLAYHEAD_TOOLS_DOCTOR_SECRET_FILE_H_

#include <string>

#include "absl/strings/string_view.h"
#include "tools/doctor/diagnosis.h"

namespace playhead::tools {

// Checks that only the owner may read the file. `name` is what the diagnosis calls it; a missing file is no problem if
// it `is_optional`. The diagnosis never contains the file's content.
Diagnosis CheckSecretFile(absl::string_view name, const std::string& path, bool is_optional);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_DOCTOR_SECRET_FILE_H_
