// How far a consumer has been fed from the log.
#ifndef PLAYHEAD_BROKER_CONSUMERS_FEED_POSITION_H_
#define PLAYHEAD_BROKER_CONSUMERS_FEED_POSITION_H_

#include <compare>

#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::broker {

// Of a consumer of one instance only `cursor` is set; of a consumer of many all three are: the position in the order of
// the store, where everything of earlier commits, everything of earlier instances in `commit`, and everything of
// `instance` up to `cursor` lies before it.
struct FeedPosition {
  storage::CommitPosition commit;
  storage::InstanceNumber instance;
  storage::Cursor cursor;

  friend auto operator<=>(const FeedPosition&, const FeedPosition&) = default;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_FEED_POSITION_H_
