// How the process's file descriptors are shared: some are reserved for the store, so that no flood of connections keeps
// it from opening the files that it needs for appends and reads.
//
// The kernel hands out the lowest free descriptor. So a high descriptor number alone shows that that many descriptors
// are in use, and nobody needs to count them.
#ifndef PLAYHEAD_STORAGE_DESCRIPTORS_H_
#define PLAYHEAD_STORAGE_DESCRIPTORS_H_

#include "absl/status/status.h"

namespace playhead::storage {

// With fewer, none would be left for connections.
inline constexpr int kDescriptorsWanted = 128;

// Raises RLIMIT_NOFILE to its hard limit, but to a million at most. Call it before the store is opened, from the code
// that owns the process.
//   FailedPrecondition  that is less than kDescriptorsWanted.
absl::Status RaiseDescriptorsMax();

// All methods may be called from any thread.

// The current RLIMIT_NOFILE.
int DescriptorsMax();

// Of a process that may have `descriptors` open:
// The maximum number of table files that the store keeps open.
int TableFilesMax(int descriptors = DescriptorsMax());

// A connection with this descriptor or a higher one has taken a descriptor reserved for the store, and must be closed.
int ConnectionDescriptorsEnd(int descriptors = DescriptorsMax());

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_DESCRIPTORS_H_
