// How far a consumer has been fed from the log.
#ifndef PLAYHEAD_BROKER_CONSUMERS_FEED_POSITION_H_
#define PLAYHEAD_BROKER_CONSUMERS_FEED_POSITION_H_

#include "storage/store_position.h"

namespace playhead::broker {

// For a consumer of one instance, only `cursor` is set; for a consumer of many instances, it is a position of the
// store.
using FeedPosition = storage::StorePosition;

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_FEED_POSITION_H_
