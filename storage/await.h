// Await: a call that answers with a callback, waited for.
#ifndef PLAYHEAD_STORAGE_AWAIT_H_
#define PLAYHEAD_STORAGE_AWAIT_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"

namespace playhead::storage {

// Calls `call` with a callback and returns what that is given, once it is:
//   const auto cursor = Await<Cursor>([&](auto done) { log.FindTime(instance, time, std::move(done)); });
// For starts and for threads of one's own: never on a thread of the log, nor on one that serves.
// REQUIRES: the callback is called, once.
template <typename T, typename Call>
absl::StatusOr<T> Await(Call call) {
  absl::StatusOr<T> result;
  absl::Notification answered;
  call([&result, &answered](absl::StatusOr<T> answer) {
    result = std::move(answer);
    answered.Notify();
  });
  answered.WaitForNotification();
  return result;
}

// The same, of what answers with a status alone.
template <typename Call>
absl::Status AwaitStatus(Call call) {
  absl::Status result;
  absl::Notification answered;
  call([&result, &answered](absl::Status answer) {
    result = std::move(answer);
    answered.Notify();
  });
  answered.WaitForNotification();
  return result;
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_AWAIT_H_
