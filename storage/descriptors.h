// How the file descriptors that the process may have are shared: the store has its part, so that no flood of
// connections keeps it from opening the files without which nothing can be appended or read.
//
// The kernel gives out the lowest descriptor that is free. So one whose number is high says by itself that as many are
// in use, whoever has them, and nobody needs to count.
#ifndef PLAYHEAD_STORAGE_DESCRIPTORS_H_
#define PLAYHEAD_STORAGE_DESCRIPTORS_H_

#include "absl/status/status.h"

namespace playhead::storage {

// With fewer there would be none left for connections.
inline constexpr int kDescriptorsWanted = 128;

// Lets the process have as many as it is allowed to: raises RLIMIT_NOFILE to its hard limit, a million at most. To be
// called before the store is opened, by whoever owns the process.
//   FailedPrecondition  that is less than kDescriptorsWanted.
absl::Status RaiseDescriptorsMax();

// All methods may be called from any thread.

// What RLIMIT_NOFILE says.
int DescriptorsMax();

// How many table files the store keeps open, at most.
int TableFilesMax();

// A connection that got this descriptor or a higher one has taken one of the store's, and is to be closed.
int ConnectionDescriptorsEnd();

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_DESCRIPTORS_H_
