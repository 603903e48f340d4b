// The streams that are open: bounds their number and ends them when the broker stops.
#ifndef PLAYHEAD_BROKER_STREAM_REGISTRY_H_
#define PLAYHEAD_BROKER_STREAM_REGISTRY_H_

#include <cstddef>
#include <cstdint>
#include <memory>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"

namespace playhead::broker {

// Something long-lived that can be asked to end.
class ClosableStream {
 public:
  virtual ~ClosableStream() = default;
  // Ends the stream with `status` as soon as what it has accepted is done. Must not block.
  virtual void Close(absl::Status status) = 0;
};

// Thread safety: all methods may be called from any thread.   Blocking: none.   Ownership: must outlive its tickets.
class StreamRegistry {
 public:
  // A stream's place; given back when destroyed. Not thread-safe.
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

  explicit StreamRegistry(size_t streams_max) : streams_max_(streams_max) {}
  StreamRegistry(const StreamRegistry&) = delete;
  StreamRegistry& operator=(const StreamRegistry&) = delete;

  // Takes up a stream; from then on `stream` is closed when the broker stops.
  //   ResourceExhausted  STREAMS_LIMIT.
  //   Unavailable        SHUTTING_DOWN.
  absl::StatusOr<Ticket> Admit(const std::shared_ptr<ClosableStream>& stream) ABSL_LOCKS_EXCLUDED(mu_);

  // Ok, or Unavailable (SHUTTING_DOWN): what every new call asks first.
  absl::Status CheckServing() const ABSL_LOCKS_EXCLUDED(mu_);

  // From now on everything new is refused and every open stream is asked to end.
  void CloseAll() ABSL_LOCKS_EXCLUDED(mu_);

  size_t size() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  const size_t streams_max_;
  mutable absl::Mutex mu_;  // Guards the members below it.
  absl::flat_hash_map<uint64_t, std::weak_ptr<ClosableStream>> streams_ ABSL_GUARDED_BY(mu_);
  uint64_t last_number_ ABSL_GUARDED_BY(mu_) = 0;
  bool closing_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_STREAM_REGISTRY_H_
