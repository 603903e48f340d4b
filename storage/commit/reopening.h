// The refusal of calls while the store is being reopened after a failed write.
#ifndef PLAYHEAD_STORAGE_COMMIT_REOPENING_H_
#define PLAYHEAD_STORAGE_COMMIT_REOPENING_H_

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::storage {

// STORE_UNAVAILABLE: nothing was written, and a retry may succeed. `cause` is the error of the failed write.
inline absl::Status BeingReopened(const absl::Status& cause) {
  return MakeError(Reason::kStoreUnavailable, absl::StrCat("the store is being reopened after a failed write (",
                                                           cause.message(), "): try again soon"));
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_REOPENING_H_
