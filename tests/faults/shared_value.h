// A value in a file, which a test shares with a library that it preloads into a program (tests/faults/preloaded.h).
#ifndef PLAYHEAD_TESTS_FAULTS_SHARED_VALUE_H_
#define PLAYHEAD_TESTS_FAULTS_SHARED_VALUE_H_

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"

namespace playhead::testing {

// `Value` consists of atomics and plain data. The library sees changes at once. Aborts the test if there can be no such
// file.
template <typename Value>
class SharedValue {
 public:
  // Creates `file` with a default Value.
  explicit SharedValue(std::string file) : file_(std::move(file)) {
    const int opened = open(file_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (opened < 0 || ftruncate(opened, sizeof(Value)) != 0) std::abort();
    void* const page = mmap(nullptr, sizeof(Value), PROT_READ | PROT_WRITE, MAP_SHARED, opened, 0);
    close(opened);
    if (page == MAP_FAILED) std::abort();
    value_ = new (page) Value();
  }
  ~SharedValue() { munmap(value_, sizeof(Value)); }
  SharedValue(const SharedValue&) = delete;
  SharedValue& operator=(const SharedValue&) = delete;

  Value& operator*() const { return *value_; }
  Value* operator->() const { return value_; }

  // The environment of a program with //tests/faults:`library` preloaded, which reads the file's name from `variable`.
  // The library must be in the `data` of the test.
  std::vector<std::string> Environment(absl::string_view library, absl::string_view variable) const {
    return {absl::StrCat("LD_PRELOAD=", std::getenv("TEST_SRCDIR"), "/playhead/tests/faults/", library),
            absl::StrCat(variable, "=", file_)};
  }

 private:
  const std::string file_;
  Value* value_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_SHARED_VALUE_H_
