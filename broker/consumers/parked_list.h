// The rows of consumers in the store, beyond what a consumer has in memory: its parked list, and the end of all of
// them.
#ifndef PLAYHEAD_BROKER_CONSUMERS_PARKED_LIST_H_
#define PLAYHEAD_BROKER_CONSUMERS_PARKED_LIST_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "broker/consumers/consumer_info.h"
#include "broker/consumers/consumer_rows.h"
#include "storage/callback.h"
#include "storage/record_store.h"

namespace playhead::broker {

// Reads the parked rows of a consumer behind `after_number`, oldest first, that `wanted` takes, until there are
// `limit`. `done` runs once, on a thread of the log.
void ReadParked(storage::RecordStore& records, std::string consumer, uint64_t after_number, size_t limit,
                absl::AnyInvocable<bool(const ParkedRow&)> wanted, storage::Callback<std::vector<ParkedRow>> done);

// Deletes all rows of a consumer: first of all it is marked as deleted, so that what a crash leaves is not taken up
// again.
void DeleteConsumerRows(storage::RecordStore& records, StoredConfig config, storage::StatusCallback done);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_PARKED_LIST_H_
