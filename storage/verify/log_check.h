// Checks the log of one instance, a step at a time, while it may be appended to, trimmed and deleted.
#ifndef PLAYHEAD_STORAGE_VERIFY_LOG_CHECK_H_
#define PLAYHEAD_STORAGE_VERIFY_LOG_CHECK_H_

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/block.h"
#include "storage/instances/instance_catalog.h"
#include "storage/store/store_view.h"
#include "storage/store_jobs.h"

namespace playhead::storage {

// Not thread-safe. A value: a copy checks the same part again, so that the findings of a step can be confirmed.
class LogCheck {
 public:
  explicit LogCheck(std::string name) : name_(std::move(name)) {}

  struct Step {
    std::vector<Finding> findings;
    uint64_t bytes = 0;  // Read from blocks.
    uint64_t blocks = 0;
    uint64_t events = 0;
    bool done = false;  // The whole instance was checked.
  };

  // Checks the next blocks, up to a few MiB. Each call sees one moment of the store, which may be later than that of
  // the last call. Errors are for unreadable data other than the log's own blocks.
  absl::StatusOr<Step> Next(const StoreView& view);

 private:
  // What is known of the previous block.
  struct Previous {
    BlockHeader header;
    bool intact = false;  // If not, nothing is compared with it.
  };
  using Directory = std::map<uint64_t, uint32_t>;  // First cursor -> slice.

  absl::StatusOr<std::optional<InstanceState>> ReadRecord(const StoreView& view) const;
  absl::StatusOr<Directory> ReadDirectory(const StoreView& view, Step& step) const;
  absl::Status Walk(const StoreView& view, const InstanceState& record, const Directory& directory, Step& step);
  absl::Status CheckBlock(const StoreView& view, const InstanceState& record, const Directory& directory,
                          uint32_t slice, Cursor key, absl::string_view stored, Step& step);
  absl::Status CheckCommit(const StoreView& view, const BlockHeader& header, Step& step) const;
  void CheckEnd(const InstanceState& record, const Directory& directory, Step& step) const;
  void Find(Step& step, FindingKind kind, Cursor first, Cursor last, std::string what) const;

  const std::string name_;
  InstanceNumber number_;       // 0 before the first step.
  uint64_t next_sequence_ = 0;  // 0 before the first step.
  Cursor last_cursor_;          // Of the last block that was checked.
  Previous previous_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_VERIFY_LOG_CHECK_H_
