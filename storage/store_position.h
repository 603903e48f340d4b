// StorePosition: how far a reader has come in the order of all events of the store.
//
// That order is by commit, within a commit by instance number, and within an instance by cursor. So it keeps the order
// of each instance, a position is one small value however many instances a reader follows, and a commit that comes
// later never lands before it.
#ifndef PLAYHEAD_STORAGE_STORE_POSITION_H_
#define PLAYHEAD_STORAGE_STORE_POSITION_H_

#include <compare>

#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::storage {

// It and everything before it is behind the reader. The default is before everything. Positions that somebody holds
// are only ever made by EndOf and by readers that stand behind an event; one without instance and cursor means "not
// yet in this commit".
struct StorePosition {
  CommitPosition commit;
  InstanceNumber instance;  // Within `commit` all instances with lower numbers are behind the reader ...
  Cursor cursor;            // ... and of this one everything up to here.

  // Behind all of `commit`.
  static constexpr StorePosition EndOf(CommitPosition commit) {
    return {commit, InstanceNumber(InstanceNumber::kMax), Cursor()};
  }

  friend constexpr auto operator<=>(const StorePosition&, const StorePosition&) = default;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_POSITION_H_
