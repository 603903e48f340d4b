// The open streams of every protocol: limits their number, ends all of them when the broker stops, and ends those of a
// caller whose credentials are no longer valid.
#ifndef PLAYHEAD_BROKER_STREAM_REGISTRY_H_
#define PLAYHEAD_BROKER_STREAM_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "broker/auth/caller.h"
#include "broker/timer_queue.h"

namespace playhead::broker {

// Something long-lived that can be asked to end.
class ClosableStream {
 public:
  virtual ~ClosableStream() = default;
  // Ends the stream with `status` as soon as the work it has accepted is done. Must not block.
  virtual void Close(absl::Status status) = 0;
};

// How soon after a key is revoked or expires its streams are asked to end. The registry checks each caller with a
// stream this often, so neither a moved clock nor a missed notification keeps a stream open.
inline constexpr absl::Duration kCallerCheckInterval = absl::Milliseconds(250);

// Thread safety: all methods may be called from any thread.   Blocking: none.
// Ownership: must outlive its tickets; borrows `timers`, which must be stopped before it is destroyed.
class StreamRegistry {
 public:
  // A stream's place in the registry; released when destroyed. Not thread-safe.
  class Ticket {
   public:
    Ticket() = default;
    Ticket(Ticket&& other) noexcept;
    Ticket& operator=(Ticket&& other) noexcept;
    ~Ticket() { Reset(); }

   private:
    friend class StreamRegistry;
    Ticket(StreamRegistry* registry, uint64_t number) : registry_(registry), number_(number) {}
    void Reset();

    StreamRegistry* registry_ = nullptr;
    uint64_t number_ = 0;
  };

  StreamRegistry(size_t streams_max, TimerQueue& timers) : streams_max_(streams_max), timers_(timers) {}
  StreamRegistry(const StreamRegistry&) = delete;
  StreamRegistry& operator=(const StreamRegistry&) = delete;

  // Registers a stream of `caller`. From then on `stream` is closed when the broker stops, and, with
  // Caller::CheckGood's status, within a second after the caller's credentials become invalid.
  //   ResourceExhausted  STREAMS_LIMIT; QUOTA_EXCEEDED: the key has reached its limit of streams.
  //   Unavailable        SHUTTING_DOWN.
  //   Unauthenticated    as Caller::CheckGood.
  absl::StatusOr<Ticket> Admit(const std::shared_ptr<ClosableStream>& stream, std::shared_ptr<Caller> caller)
      ABSL_LOCKS_EXCLUDED(mu_);

  // OK, or Unavailable (SHUTTING_DOWN). Every new call checks this first.
  absl::Status CheckServing() const ABSL_LOCKS_EXCLUDED(mu_);

  // Refuses all new streams and calls from now on, and asks every open stream to end.
  void CloseAll() ABSL_LOCKS_EXCLUDED(mu_);

  size_t size() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Streams = std::vector<std::shared_ptr<ClosableStream>>;

  struct Open {
    std::weak_ptr<ClosableStream> stream;
    std::shared_ptr<Caller> caller;
  };

  void Remove(uint64_t number) ABSL_LOCKS_EXCLUDED(mu_);
  void ArmCheck() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Ends the streams of callers whose credentials are no longer valid.
  void CheckCallers() ABSL_LOCKS_EXCLUDED(mu_);

  const size_t streams_max_;
  TimerQueue& timers_;
  mutable absl::Mutex mu_;  // Guards the members below it.
  absl::flat_hash_map<uint64_t, Open> streams_ ABSL_GUARDED_BY(mu_);
  // The streams of each caller, by number; none is empty.
  absl::flat_hash_map<const Caller*, absl::flat_hash_set<uint64_t>> by_caller_ ABSL_GUARDED_BY(mu_);
  uint64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
  bool check_armed_ ABSL_GUARDED_BY(mu_) = false;
  bool closing_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_STREAM_REGISTRY_H_
