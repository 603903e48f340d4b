// The events that a replay reads from one instance.
#ifndef PLAYHEAD_BROKER_REPLAY_RANGE_H_
#define PLAYHEAD_BROKER_REPLAY_RANGE_H_

#include <cstdint>
#include <string>

#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::broker::replay {

// Events with cursors in (after, last]: fixed, whatever is appended later.
struct Range {
  std::string instance;
  // 0 before the instance is looked up. A later instance of the same name has another number.
  storage::InstanceNumber number;
  storage::Cursor after;
  storage::Cursor last;
  uint64_t event_count = 0;  // Events that pass the filter, as the plan counted them.
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_RANGE_H_
