// Clients that append, append on a condition, give up, read and follow the same instances at once, over gRPC, and
// record the answers.
#ifndef PLAYHEAD_TESTS_HISTORY_CONCURRENT_CLIENTS_H_
#define PLAYHEAD_TESTS_HISTORY_CONCURRENT_CLIENTS_H_

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "client/client.h"
#include "tests/history/history.h"

namespace playhead::testing {

class ConcurrentClients {
 public:
  // How many appends are made, not counting the last one of each instance.
  static constexpr size_t kAppends = 2400;

  // `target` is HOST:PORT of a broker that runs open, with an empty store.
  explicit ConcurrentClients(std::string target) : target_(std::move(target)) {}

  // Runs all clients, and `meanwhile` at the same time, and expects that one log could have answered them. To be called
  // once.
  void Run(uint64_t seed, const std::function<void()>& meanwhile);

  // Waits until `count` appends were answered or given up. For use by `meanwhile`.
  void AwaitAppends(size_t count) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  static constexpr size_t kInstances = 3;

  void Write(size_t writer, uint64_t seed) ABSL_LOCKS_EXCLUDED(mu_);
  // Reads the events after `after`. Returns the head.
  uint64_t Read(Client& client, size_t instance, uint64_t after) ABSL_LOCKS_EXCLUDED(mu_);
  void ReadAgainAndAgain(uint64_t seed);
  // Follows the instance until it has everything.
  void Follow(size_t instance) ABSL_LOCKS_EXCLUDED(mu_);
  void AppendLast() ABSL_LOCKS_EXCLUDED(mu_);
  void Check() ABSL_LOCKS_EXCLUDED(mu_);

  const std::string target_;
  std::atomic<bool> written_{false};
  std::array<std::atomic<uint64_t>, kInstances> heads_{};  // In the end.
  absl::Mutex mu_;
  size_t appends_ ABSL_GUARDED_BY(mu_) = 0;
  std::array<History, kInstances> histories_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_HISTORY_CONCURRENT_CLIENTS_H_
