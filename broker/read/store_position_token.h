// Positions in the order of the store, in the form that clients hold: opaque text that only this store, or a copy of
// it, accepts.
#ifndef PLAYHEAD_BROKER_READ_STORE_POSITION_TOKEN_H_
#define PLAYHEAD_BROKER_READ_STORE_POSITION_TOKEN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/store_position.h"

namespace playhead::broker {

// `pos_` and base-64 of a version, a checksum, the store's id (EventLog::store_id) and the position: 52 characters.
// Cheap.
std::string EncodeStorePosition(uint64_t store_id, storage::StorePosition position);

//   InvalidArgument (POSITION_INVALID)  it is not a token, or is damaged.
//   OutOfRange (CURSOR_DIVERGED)        it belongs to another store. Whether the store's history contains the position
//                                       is not checked here: see EventLog::CheckStorePosition.
absl::StatusOr<storage::StorePosition> DecodeStorePosition(uint64_t store_id, absl::string_view text);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_READ_STORE_POSITION_TOKEN_H_
