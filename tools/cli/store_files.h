// Checks for a store on this machine.
#ifndef PLAYHEAD_TOOLS_CLI_STORE_FILES_H_
#define PLAYHEAD_TOOLS_CLI_STORE_FILES_H_

#include <filesystem>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace playhead::tools {

// NotFound if there is no store in `data_dir`. Checked first, because opening it would create one.
inline absl::Status CheckStoreExists(const std::string& data_dir) {
  std::error_code error;
  if (std::filesystem::exists(data_dir + "/CURRENT", error)) return absl::OkStatus();
  return absl::NotFoundError(absl::StrCat("there is no store in ", data_dir));
}

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_STORE_FILES_H_
