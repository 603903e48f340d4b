// Keeps the memory of slices in proportion to their events.
#ifndef PLAYHEAD_BROKER_READ_SLICE_COMPACTION_H_
#define PLAYHEAD_BROKER_READ_SLICE_COMPACTION_H_

#include <vector>

#include "storage/block.h"

namespace playhead::broker {

// A slice keeps its whole block alive, so a filter that takes one event of each block would hold a hundred times what
// it sends; and many small slices cost a transport more than their bytes. Copies such slices together into new blocks,
// and leaves large ones as they are. Afterwards `slices` hold at most about twice the bytes of their events. The header
// of a block made here is meaningless: only `bytes` and `event_count` of a slice are valid.
void CompactSlices(std::vector<storage::BlockSlice>& slices);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_READ_SLICE_COMPACTION_H_
