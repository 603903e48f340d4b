// Formats sizes for the doctor.
#ifndef PLAYHEAD_TOOLS_DOCTOR_SIZE_TEXT_H_
#define PLAYHEAD_TOOLS_DOCTOR_SIZE_TEXT_H_

#include <cstdint>
#include <string>

#include "absl/strings/str_cat.h"

namespace playhead::tools {

inline std::string MebibytesText(uint64_t bytes) { return absl::StrCat(bytes >> 20, " MiB"); }

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_DOCTOR_SIZE_TEXT_H_
