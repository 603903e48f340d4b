// How storage answers: each callback runs once, on a thread of the storage.
#ifndef PLAYHEAD_STORAGE_CALLBACK_H_
#define PLAYHEAD_STORAGE_CALLBACK_H_

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace playhead::storage {

template <typename T>
using Callback = absl::AnyInvocable<void(absl::StatusOr<T>) &&>;
using StatusCallback = absl::AnyInvocable<void(absl::Status) &&>;

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_CALLBACK_H_
