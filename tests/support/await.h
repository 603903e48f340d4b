// Calls of an asynchronous interface as if they were synchronous.
#ifndef PLAYHEAD_TESTS_SUPPORT_AWAIT_H_
#define PLAYHEAD_TESTS_SUPPORT_AWAIT_H_

#include <future>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/event_log.h"

namespace playhead::testing {

// Calls `call` with a callback and returns what that gets: Await<Cursor>([&](auto done) { log.FindTime(i, t, done); }).
template <typename T, typename Call>
absl::StatusOr<T> Await(Call call) {
  std::promise<absl::StatusOr<T>> promise;
  auto future = promise.get_future();
  call(storage::Callback<T>([&promise](absl::StatusOr<T> result) { promise.set_value(std::move(result)); }));
  return future.get();
}

template <typename Call>
absl::Status AwaitStatus(Call call) {
  std::promise<absl::Status> promise;
  auto future = promise.get_future();
  call(storage::StatusCallback([&promise](absl::Status status) { promise.set_value(std::move(status)); }));
  return future.get();
}

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_AWAIT_H_
