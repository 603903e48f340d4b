// What `playhead verify` reports about a store that no broker has open.
#ifndef PLAYHEAD_TESTS_SIMULATION_VERIFICATION_H_
#define PLAYHEAD_TESTS_SIMULATION_VERIFICATION_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "storage/options.h"
#include "storage/verify/verify_files.h"

namespace playhead::storage {

// Empty if the store is intact. An error if it cannot be verified.
inline absl::StatusOr<std::vector<Finding>> FindingsOf(const StoreOptions& store) {
  std::vector<Finding> findings;
  const VerifyListener listener = {.finding = [&](const Finding& found) { findings.push_back(found); }};
  const auto progress = VerifyDataDir(store, {.bytes_per_second = 0}, JobControl(), listener);
  if (!progress.ok()) return progress.status();
  return findings;
}

// For a store that must be intact: empty if it is, otherwise its findings, or the error, as text.
inline std::string ComplaintsOf(const StoreOptions& store) {
  const auto findings = FindingsOf(store);
  if (!findings.ok()) return findings.status().ToString();
  std::string text;
  for (const Finding& found : *findings) {
    absl::StrAppend(&text, FindingName(found.kind), " ", found.instance, " ", found.first.value(), "-",
                    found.last.value(), " ", found.what, "; ");
  }
  return text;
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_SIMULATION_VERIFICATION_H_
