// Keeps what slices hold in memory in proportion to what they carry.
#ifndef PLAYHEAD_BROKER_SLICE_COMPACTION_H_
#define PLAYHEAD_BROKER_SLICE_COMPACTION_H_

#include <vector>

#include "storage/block.h"

namespace playhead::broker {

// A slice holds its whole block alive, so a filter that takes one event of each block would hold a hundred times what
// it sends; and many small slices cost a transport more than their bytes. Copies such slices together into blocks of
// their own and leaves large ones as they are. Afterwards `slices` hold at most about twice what they carry. The header
// of a block made here says nothing: only `bytes` and `event_count` of a slice count.
void CompactSlices(std::vector<storage::BlockSlice>& slices);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SLICE_COMPACTION_H_
