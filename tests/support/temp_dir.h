// A folder for one test, removed with everything in it when the test is over.
#ifndef PLAYHEAD_TESTS_SUPPORT_TEMP_DIR_H_
#define PLAYHEAD_TESTS_SUPPORT_TEMP_DIR_H_

#include <string>

namespace playhead::testing {

// Not thread-safe. Aborts the test if the folder cannot be created.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_TEMP_DIR_H_
