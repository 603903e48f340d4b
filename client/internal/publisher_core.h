// PublisherCore: collects events into batches, keeps one append stream going, and matches replies to events.
//
// A batch is first collecting (events still join it), then in the window until its reply: waiting to be written, or
// written to the open stream. Batches are written in the order in which they were opened, so that busy instances do not
// starve the others.
#ifndef PLAYHEAD_CLIENT_INTERNAL_PUBLISHER_CORE_H_
#define PLAYHEAD_CLIENT_INTERNAL_PUBLISHER_CORE_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "client/internal/backoff.h"
#include "client/internal/publisher_batch.h"
#include "client/options.h"
#include "proto/event_wire.h"

namespace playhead::internal {

// Implements publisher.h, which has the contract. Thread safety: all methods may be called from any thread.
// Ownership: shared by the publisher, the open stream and the timers that are running. End with Close().
class PublisherCore : public std::enable_shared_from_this<PublisherCore> {
 public:
  // REQUIRES: `client_options.timers` is not nullptr, `options.producer_id` is not empty.
  PublisherCore(std::shared_ptr<Connection> connection, const ClientOptions& client_options, PublisherOptions options);

  absl::Status Append(absl::string_view instance, const NewEvent& event, AppendCallback done, bool may_block)
      ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Flush(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);
  void ResumeAppends(absl::string_view instance) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Close(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);
  // Waits until no thread runs on_reconnect. After Close() none starts again.
  void WaitForReconnectCallbacks() ABSL_LOCKS_EXCLUDED(mu_);

  const PublisherOptions& options() const { return options_; }

 private:
  class Observer;

  // State of one instance.
  struct Lane {
    explicit Lane(uint64_t first_sequence) : next_sequence(first_sequence) {}
    uint64_t next_sequence;
    PublisherBatch* collecting = nullptr;  // In collecting_.
    size_t bytes_hint = 0;                 // Size of its last batch.
    absl::Status failure;                  // Not OK: why appends are refused until ResumeAppends.
  };
  // A batch whose callbacks are to be called.
  struct Completion {
    std::unique_ptr<PublisherBatch> batch;
    absl::StatusOr<v1::AppendResponse> result;
  };

  // What to do once the lock is released.
  struct Actions {
    uint64_t open_stream = 0;              // The number of the stream to open; 0 for none.
    std::shared_ptr<AppendCall> write_to;  // Where to write `request`; nullptr for nowhere.
    SharedBytes request;
    bool complete = false;

    bool any() const { return open_stream != 0 || write_to != nullptr || complete; }
  };

  // OK, or why nothing can be appended to the instance now.
  absl::Status CheckAccepting(absl::string_view instance) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool WindowHasRoom(size_t bytes) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Collect(absl::string_view instance, const NewEvent& event, size_t bytes, AppendCallback done)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Moves collecting batches to the window, up to and including the one with this ordinal.
  void SealThrough(uint64_t ordinal) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Without linger, seals collecting batches while the window has fewer than eager_batches.
  void SealEagerly() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmLinger() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void OnLinger() ABSL_LOCKS_EXCLUDED(mu_);

  // What to do next: open a stream, write the next batch, run callbacks.
  Actions NextActions() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Run(Actions actions) ABSL_LOCKS_EXCLUDED(mu_);
  void OpenStream(uint64_t stream) ABSL_LOCKS_EXCLUDED(mu_);
  void RunCompletions() ABSL_LOCKS_EXCLUDED(mu_);

  void OnWritten(uint64_t stream) ABSL_LOCKS_EXCLUDED(mu_);
  void OnReply(uint64_t stream, v1::AppendStreamResponse reply) ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone(uint64_t stream, absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);
  void OnRetry() ABSL_LOCKS_EXCLUDED(mu_);

  // The front batch of the window was stored.
  void Succeed(v1::AppendResponse response) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The front batch of the window was refused for good: fails it, and all later batches of its instance.
  void Refuse(absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The stream has ended because of `why`: unanswered batches may be stored, unless the broker's error excludes it.
  void NoteUnanswered(const absl::Status& why) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void FailBatch(std::unique_ptr<PublisherBatch> batch, absl::Status status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Fails everything that was accepted: batches that may be stored with `uncertain_status`, the others with `status`.
  void FailAll(const absl::Status& status, const absl::Status& uncertain_status) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // The ordinal of the oldest batch whose callbacks have not all returned; the next ordinal if there is none.
  uint64_t OldestUnresolved() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const std::shared_ptr<Connection> connection_;
  const std::shared_ptr<Timers> timers_;
  const PublisherOptions options_;

  absl::Mutex mu_;
  absl::CondVar resolved_;  // Signaled when a batch is done, a callback has returned, or the publisher ends.
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status failure_ ABSL_GUARDED_BY(mu_);       // Of the whole publisher, final.
  absl::Status flush_status_ ABSL_GUARDED_BY(mu_);  // The first failure since the last Flush.

  absl::flat_hash_map<std::string, std::unique_ptr<Lane>> lanes_ ABSL_GUARDED_BY(mu_);
  uint64_t next_ordinal_ ABSL_GUARDED_BY(mu_) = 1;
  std::deque<std::unique_ptr<PublisherBatch>> collecting_ ABSL_GUARDED_BY(mu_);
  std::deque<std::unique_ptr<PublisherBatch>> window_ ABSL_GUARDED_BY(mu_);  // In the order of their ordinals.
  size_t written_ ABSL_GUARDED_BY(mu_) = 0;          // How many of window_, from the front, the open stream was given.
  uint64_t window_events_ ABSL_GUARDED_BY(mu_) = 0;  // Of window_ and collecting_; likewise window_bytes_.
  size_t window_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  Timers::Id linger_ ABSL_GUARDED_BY(mu_) = 0;

  // The stream.
  Backoff backoff_ ABSL_GUARDED_BY(mu_);
  uint64_t stream_ ABSL_GUARDED_BY(mu_) = 0;     // The number of the current or last one; 0 before the first.
  bool streaming_ ABSL_GUARDED_BY(mu_) = false;  // Opening or open.
  std::shared_ptr<AppendCall> call_ ABSL_GUARDED_BY(mu_);
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool refused_ ABSL_GUARDED_BY(mu_) = false;      // The broker answered with an error and will end the stream.
  absl::Status retry_cause_ ABSL_GUARDED_BY(mu_);  // That error if it may be retried; OK if it was dealt with.
  Timers::Id retry_ ABSL_GUARDED_BY(mu_) = 0;
  int reconnect_callbacks_ ABSL_GUARDED_BY(mu_) = 0;  // Threads that run on_reconnect, or are about to.

  std::deque<Completion> completions_ ABSL_GUARDED_BY(mu_);
  uint64_t completing_ ABSL_GUARDED_BY(mu_) = 0;  // The batch whose callbacks are running; 0 for none.
};

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_PUBLISHER_CORE_H_
