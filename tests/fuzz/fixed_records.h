// FixedRecords: the rows that a part of the broker finds when it starts, without a store.
#ifndef PLAYHEAD_TESTS_FUZZ_FIXED_RECORDS_H_
#define PLAYHEAD_TESTS_FUZZ_FIXED_RECORDS_H_

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "storage/record_store.h"

namespace playhead::fuzz {

// Calls back inside the call. Whatever the space, it holds `rows`, in the order of their keys, and takes no others.
class FixedRecords final : public storage::RecordStore {
 public:
  explicit FixedRecords(std::vector<storage::Record> rows) : rows_(std::move(rows)) {}

  void Write(std::vector<storage::RecordChange>, storage::StatusCallback done) override {
    std::move(done)(absl::UnavailableError("these records are fixed"));
  }

  void Scan(storage::RecordSpace, std::string prefix, std::string after_key, size_t,
            storage::Callback<std::vector<storage::Record>> done) override {
    std::vector<storage::Record> found;
    for (const storage::Record& row : rows_) {
      if (absl::StartsWith(row.key, prefix) && row.key > after_key) found.push_back(row);
    }
    std::move(done)(std::move(found));
  }

 private:
  const std::vector<storage::Record> rows_;
};

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_FIXED_RECORDS_H_
