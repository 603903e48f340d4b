#include "tests/support/temp_dir.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <system_error>

namespace playhead::testing {

TempDir::TempDir() {
  const char* const root = std::getenv("TEST_TMPDIR");
  path_ = std::string(root != nullptr ? root : "/tmp") + "/playhead_XXXXXX";
  if (mkdtemp(path_.data()) == nullptr) {
    std::perror(path_.c_str());
    std::abort();
  }
}

TempDir::~TempDir() {
  std::error_code ignored;  // What is left behind is in a temporary folder.
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace playhead::testing
