// Fuzz target: the rows of a store, as the code that opens, reads and verifies it finds them.
#ifndef PLAYHEAD_TESTS_FUZZ_STORED_ROWS_TARGETS_H_
#define PLAYHEAD_TESTS_FUZZ_STORED_ROWS_TARGETS_H_

#include "absl/strings/string_view.h"

namespace playhead::fuzz {

// Input: changes to the rows of a small store (Changes in the source). Promises: a read returns what is sound before the
// damage, or DATA_LOSS; the verification ends, and reports only findings; a changed block is one of them.
void StoredRows(absl::string_view bytes);

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_STORED_ROWS_TARGETS_H_
