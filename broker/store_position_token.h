// Positions in the order of the store, as clients hold them: opaque text that only this store, or a copy, understands.
#ifndef PLAYHEAD_BROKER_STORE_POSITION_TOKEN_H_
#define PLAYHEAD_BROKER_STORE_POSITION_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/store_position.h"

namespace playhead::broker {

// `pos_` and base-64 of a version, a checksum, the store's id (EventLog::store_id) and the position: 52 characters.
// Cheap.
std::string EncodeStorePosition(uint64_t store_id, storage::StorePosition position);

//   InvalidArgument (POSITION_INVALID)  it is not one, or damaged.
//   OutOfRange (CURSOR_DIVERGED)        it is of another store. Whether the store's history holds the position is not
//                                       checked: EventLog::CheckStorePosition.
absl::StatusOr<storage::StorePosition> DecodeStorePosition(uint64_t store_id, absl::string_view text);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_STORE_POSITION_TOKEN_H_
