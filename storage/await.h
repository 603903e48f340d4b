// Await: waits for a call that answers with a callback.
#ifndef PLAYHEAD_STORAGE_AWAIT_H_
#define PLAYHEAD_STORAGE_AWAIT_H_

#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/notification.h"

namespace playhead::storage {

// Calls `call` with a callback, waits until the callback runs, and returns its argument:
//   const auto cursor = Await<Cursor>([&](auto done) { log.FindTime(instance, time, std::move(done)); });
// Only for startup and for dedicated threads: never on a thread of the log or one that serves requests.
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

// The same for a call that answers with only a status.
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
