// What a block says of itself, compared with what it holds.
#ifndef PLAYHEAD_STORAGE_VERIFY_BLOCK_CHECK_H_
#define PLAYHEAD_STORAGE_VERIFY_BLOCK_CHECK_H_

#include "absl/status/status.h"
#include "storage/block.h"

namespace playhead::storage {

// Whether the header tells the truth: as many events as it counts, each with its cursor and a time between the first's
// and the last's, and every type in the summary, by which filters skip. DataLoss (DATA_LOSS) if not.
absl::Status CheckBlockContent(const Block& block);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_VERIFY_BLOCK_CHECK_H_
