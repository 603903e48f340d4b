// The event log with blocking calls instead of callbacks, and batches made from plain values, for storage tests.
#ifndef PLAYHEAD_TESTS_STORAGE_LOG_HARNESS_H_
#define PLAYHEAD_TESTS_STORAGE_LOG_HARNESS_H_

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/event_log.h"
#include "storage/options.h"
#include "tests/support/temp_dir.h"

namespace playhead::storage {

// One event as a test writes it, and as it reads it back.
struct TestEvent {
  std::string type = "t";
  std::string data;
  std::string id = {};
  std::vector<std::pair<std::string, std::string>> attributes = {};
  uint64_t cursor = 0;      // Set by reads.
  int64_t appended_at = 0;  // Set by reads.
};

// A batch as the validator would make it of a request with these events. Dies if the validator refuses it.
AppendBatch MakeBatch(absl::string_view instance, const std::vector<TestEvent>& events);

// `count` events with data "<prefix>0", "<prefix>1", ...
std::vector<TestEvent> MakeEvents(int count, absl::string_view prefix = "e");

// The events of a read, taken apart.
std::vector<TestEvent> EventsOf(const ReadResult& result);

class LogHarness {
 public:
  // Opens a log in `options.data_dir`, or in a temporary folder if that is empty; dies if that fails.
  explicit LogHarness(StoreOptions options = {});
  EventLog& log() { return *log_; }
  const StoreOptions& options() const { return options_; }
  void Close() { log_.reset(); }
  // Closes the log and opens it again. Instances held from before must not be used any more.
  void Reopen();
  // The same with other options, but in the same folder.
  void Reopen(StoreOptions options);

  absl::StatusOr<AppendResult> Append(AppendBatch batch);
  absl::StatusOr<AppendResult> Append(absl::string_view instance, const std::vector<TestEvent>& events) {
    return Append(MakeBatch(instance, events));
  }
  absl::StatusOr<AppendResult> AppendOn(AppendSession& session, AppendBatch batch);
  absl::StatusOr<std::shared_ptr<Instance>> Open(absl::string_view name, OpenMode mode = OpenMode::kCreateIfPermitted);
  absl::StatusOr<ReadResult> Read(absl::string_view name, ReadOptions options);
  // All events behind `after` that the filter matches, over as many reads as it takes.
  absl::StatusOr<std::vector<TestEvent>> ReadAll(absl::string_view name, Cursor after = Cursor(),
                                                 std::shared_ptr<const EventFilter> filter = nullptr);
  absl::StatusOr<Cursor> FindTime(absl::string_view name, Timestamp time);
  absl::Status Trim(absl::string_view name, Cursor first_kept);
  absl::Status Delete(absl::string_view name);
  // Takes an erasure; and the same until it has ended.
  absl::StatusOr<ErasureInfo> StartErasure(ErasureRequest request);
  absl::StatusOr<ErasureInfo> Erase(ErasureRequest request);
  ErasureInfo AwaitEnd(uint64_t erasure);
  absl::StatusOr<InstanceInfo> Get(absl::string_view name);
  absl::StatusOr<std::vector<InstanceInfo>> List(absl::string_view prefix, absl::string_view after, size_t limit);

 private:
  const playhead::testing::TempDir dir_;
  StoreOptions options_;
  std::unique_ptr<EventLog> log_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_TESTS_STORAGE_LOG_HARNESS_H_
