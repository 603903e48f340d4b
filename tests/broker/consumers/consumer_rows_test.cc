// The stored rows of a consumer.
#include "broker/consumers/consumer_rows.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/consumer_state.h"
#include "storage/record_store.h"

namespace playhead::broker {
namespace {

using storage::Cursor;
using storage::InstanceNumber;

// An event in each of as many instances as can have something unsettled, with the longest names and large numbers.
StoredState LargestState() {
  StoredState state;
  constexpr uint64_t kLargeNumber = uint64_t{1} << 47;
  for (uint64_t i = 0; i < kExceptionsMax + 2 * kInFlightMaxMax; ++i) {
    const InstanceNumber instance(kLargeNumber + i);
    const Cursor last(/*epoch=*/8000, (uint64_t{1} << 39) + i);
    state.snapshot.unsettled.push_back(
        {.instance = instance, .after = Cursor(last.value() - 1000), .last = last, .event_count = 999, .failures = 99});
    std::string name = absl::StrCat(i, ".");
    name.resize(200, 'x');
    state.names[instance] = std::move(name);
  }
  return state;
}

TEST(ConsumerRowsTest, TheLargestStateFitsInOneWriteWithWhatIsParked) {
  const std::vector<storage::RecordChange> rows = StateRows(std::string(200, 'c'), LargestState(), 0);
  size_t bytes = 0;
  for (const storage::RecordChange& row : rows) {
    EXPECT_LE(row.value->size(), storage::kRecordValueBytesMax);
    bytes += row.key.size() + row.value->size();
  }
  EXPECT_LE(bytes + (size_t{1} << 20), storage::kRecordChangesBytesMax);
  EXPECT_LE(rows.size() + 800, storage::kRecordChangesMax);
}

TEST(ConsumerRowsTest, AStateIsReadAsItWasWritten) {
  StoredState state = LargestState();
  state.last_parked_number = 77;
  for (const uint64_t number : {3, 4, 5, 9}) state.unparked.Insert(number);
  std::vector<storage::Record> rows;
  for (storage::RecordChange& row : StateRows("c", state, 0)) rows.push_back({row.key, *std::move(row.value)});
  const auto read = ParseStateRows(rows);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->snapshot, state.snapshot);
  EXPECT_EQ(read->names, state.names);
  EXPECT_EQ(read->last_parked_number, 77u);
  EXPECT_EQ(read->unparked.ranges(), state.unparked.ranges());
  rows.pop_back();
  EXPECT_FALSE(ParseStateRows(rows).ok()) << "a row is missing";
}

}  // namespace
}  // namespace playhead::broker
