// A process that erases until it is killed, and reports which erasures were accepted: the victim of erasure_crash_test.
//
//   erasure_victim DIR FIRST LAST
//
// Erases the events whose attribute `customer` is FIRST, then the next value, up to LAST. Standard output has one line
// for each erasure that was accepted.
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/storage/log_harness.h"

int main(int argc, char** argv) {
  if (argc != 4) return 2;
  playhead::storage::StoreOptions options;
  options.data_dir = argv[1];
  options.slice_bytes = 1'000'000;
  options.write_buffer_bytes = 400'000;
  options.wal_bytes_max = 1'000'000;
  playhead::storage::LogHarness log(options);
  for (int customer = std::atoi(argv[2]); customer <= std::atoi(argv[3]); ++customer) {
    const auto erasure = log.StartErasure({.instances = {"*"}, .attribute = {{"customer", absl::StrCat(customer)}}});
    if (!erasure.ok()) return 1;
    const std::string line = absl::StrCat(customer, "\n");
    if (write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) return 1;
    log.AwaitEnd(erasure->id);
  }
}
