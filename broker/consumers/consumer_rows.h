// The durable form of consumers: rows of the store's records (docs/on-disk-format.md).
#ifndef PLAYHEAD_BROKER_CONSUMERS_CONSUMER_ROWS_H_
#define PLAYHEAD_BROKER_CONSUMERS_CONSUMER_ROWS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/consumer_info.h"
#include "broker/consumers/consumer_snapshot.h"
#include "broker/consumers/number_set.h"
#include "storage/record_store.h"
#include "storage/types.h"

namespace playhead::broker {

inline constexpr absl::string_view kConsumerConfigRows = "config/";
inline constexpr absl::string_view kConsumerStateRows = "state/";
inline constexpr absl::string_view kParkedRows = "parked/";

struct StoredConfig {
  ConsumerConfig config;
  storage::InstanceNumber instance;  // Only for a consumer of one instance.
  storage::Timestamp created_at;
  bool deleted = false;  // Its rows are being deleted.
};

struct StoredState {
  ConsumerSnapshot snapshot;
  std::map<storage::InstanceNumber, std::string> names;  // The names of the instances in the snapshot.
  uint64_t last_parked_number = 0;
  NumberSet unparked;  // Numbers removed from the parked list whose rows still exist.
};

storage::RecordChange ConfigRow(const StoredConfig& config);
absl::StatusOr<StoredConfig> ParseConfigRow(const storage::Record& row);

// The changes that write the rows of a state, and delete the surplus rows of an earlier state with `rows_before` rows.
std::vector<storage::RecordChange> StateRows(absl::string_view consumer, const StoredState& state, size_t rows_before);
// The key of the first row of a consumer's state, which is also the prefix of its other rows.
std::string StateRowKey(absl::string_view consumer);
// `rows` are all rows of one state, in the order of their keys. DataLoss if they are not what StateRows makes.
absl::StatusOr<StoredState> ParseStateRows(absl::Span<const storage::Record> rows);

std::string ParkedRowPrefix(absl::string_view consumer);
std::string ParkedRowKey(absl::string_view consumer, uint64_t number);
storage::RecordChange ParkedRowOf(absl::string_view consumer, const ParkedRow& row);
absl::StatusOr<ParkedRow> ParseParkedRow(const storage::Record& row);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_ROWS_H_
