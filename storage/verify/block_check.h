// Compares a block's header with its content.
#ifndef PLAYHEAD_STORAGE_VERIFY_BLOCK_CHECK_H_
#define PLAYHEAD_STORAGE_VERIFY_BLOCK_CHECK_H_

#include "absl/status/status.h"
#include "storage/block.h"

namespace playhead::storage {

// Checks that the header is right: the number of events, each event's cursor, times between the first's and the last's,
// and every type in the summary by which filters skip blocks. DataLoss (DATA_LOSS) if not.
absl::Status CheckBlockContent(const Block& block);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_VERIFY_BLOCK_CHECK_H_
