// What `playhead verify` says of a store that no broker has open.
#ifndef PLAYHEAD_TESTS_SIMULATION_VERIFICATION_H_
#define PLAYHEAD_TESTS_SIMULATION_VERIFICATION_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "storage/options.h"
#include "storage/verify/verify_files.h"

namespace playhead::storage {

// Empty if it is well; else findings, for people. An error if it cannot be verified.
inline absl::StatusOr<std::string> FindingsOf(const StoreOptions& store) {
  std::string text;
  const VerifyListener listener = {.finding = [&text](const Finding& found) {
    absl::StrAppend(&text, FindingName(found.kind), " ", found.instance, " ", found.first.value(), "-",
                    found.last.value(), " ", found.what, "; ");
  }};
  const auto progress = VerifyDataDir(store, {.bytes_per_second = 0}, JobControl(), listener);
  if (!progress.ok()) return progress.status();
  return text;
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_VERIFICATION_H_
