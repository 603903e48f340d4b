// StorePosition: how far a reader has come in the order of all events of the store.
//
// That order is by commit, within a commit by instance number, and within an instance by cursor. So it keeps the order
// of each instance, a position is one small value however many instances a reader follows, and a later commit never
// lands before a position.
#ifndef PLAYHEAD_STORAGE_STORE_POSITION_H_
#define PLAYHEAD_STORAGE_STORE_POSITION_H_

#include <compare>

#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::storage {

// The reader has passed the position and everything before it. The default is before everything. Positions that clients
// hold are only created by EndOf and by readers that stand after an event; a position without instance and cursor means
// "before the first event of this commit".
struct StorePosition {
  CommitPosition commit;
  InstanceNumber instance;  // Within `commit`, the reader has passed all instances with lower numbers ...
  Cursor cursor;            // ... and everything of this one up to here.

  // The position after all of `commit`.
  static constexpr StorePosition EndOf(CommitPosition commit) {
    return {commit, InstanceNumber(InstanceNumber::kMax), Cursor()};
  }

  friend constexpr auto operator<=>(const StorePosition&, const StorePosition&) = default;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_POSITION_H_
