// Finds, before the commit, which events of an append were stored before. Reads disk: for resolving threads only.
#ifndef PLAYHEAD_STORAGE_COMMIT_IDENTITY_RESOLVER_H_
#define PLAYHEAD_STORAGE_COMMIT_IDENTITY_RESOLVER_H_

#include <memory>

#include "absl/status/status.h"
#include "storage/commit/pending_append.h"
#include "storage/store/store.h"

namespace playhead::storage {

// Whether everything the committer needs is already in memory: there are no ids to look up, and the producer, if any,
// is known and the sequence is new. REQUIRES: `append.instance` is set.
bool IsResolvedInMemory(const PendingAppend& append);

// Fills in `fates` and `ids`. `durable_commit` is the last durable commit; the committer checks against later ones.
//   AlreadyExists (ID_CONFLICT)  an identity was used before with other content.
//   FailedPrecondition (SEQUENCE_GAP)  the producer's sequence was stored too long ago to say where.
absl::Status ResolveIdentities(const std::shared_ptr<const Store>& store, uint64_t durable_commit,
                               PendingAppend& append);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_IDENTITY_RESOLVER_H_
