// Access to the rows of consumers that are not in memory: reading the parked list, and deleting all rows of a consumer.
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

// Reads up to `limit` parked rows of a consumer after `after_number` for which `wanted` returns true, oldest first.
// `done` runs once, on a thread of the log.
void ReadParked(storage::RecordStore& records, std::string consumer, uint64_t after_number, size_t limit,
                absl::AnyInvocable<bool(const ParkedRow&)> wanted, storage::Callback<std::vector<ParkedRow>> done);

// Deletes all rows of a consumer. First it is marked as deleted, so that rows left by a crash are not loaded again.
void DeleteConsumerRows(storage::RecordStore& records, StoredConfig config, storage::StatusCallback done);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_PARKED_LIST_H_
