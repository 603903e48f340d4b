// Ends gRPC calls whose clients stop reading while others wait for the memory that these calls hold.
#ifndef PLAYHEAD_BROKER_GRPC_STALLED_CALLS_H_
#define PLAYHEAD_BROKER_GRPC_STALLED_CALLS_H_

#include <grpcpp/server_context.h>
#include <prometheus/counter.h>

#include <atomic>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/byte_budget.h"
#include "broker/timer_queue.h"

namespace playhead::broker {

// A client may stop reading for as long as it likes while there is memory for all. When someone waits for memory of the
// budget that the call uses, and a message of the call has been in flight for `timeout`, the call is ended with
// UNAVAILABLE, and its client may resume where it was. gRPC sends that status even though the client does not take the
// message; for the call's reactor, the client is gone.
//
// Thread safety: all methods may be called from any thread.   Blocking: none.
// Ownership: borrows `timers`, which must be stopped before it goes, and `ended`, which counts the calls; must outlive
// its watches.
class StalledCalls {
 public:
  // Watches one call. Destroy it in the call's OnDone at the latest.
  class Watch {
   public:
    // Borrows `budget`, from which the call's messages hold grants until they are written.
    Watch(StalledCalls& calls, const ByteBudget& budget, grpc::CallbackServerContext& context);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // Call WriteStarted when a message was given to gRPC, and WriteDone when it was written. One write at a time.
    void WriteStarted();
    void WriteDone();

   private:
    friend class StalledCalls;
    bool HasBeenWritingSince(SteadyTime time) const;

    StalledCalls& calls_;
    const ByteBudget& budget_;
    grpc_call* const call_;
    std::atomic<SteadyTime::rep> writing_since_;  // kNotWriting, or a time of the steady clock.
  };

  StalledCalls(TimerQueue& timers, absl::Duration timeout, prometheus::Counter& ended)
      : timers_(timers), timeout_(timeout), ended_(ended) {}
  StalledCalls(const StalledCalls&) = delete;
  StalledCalls& operator=(const StalledCalls&) = delete;

 private:
  void Add(Watch& watch) ABSL_LOCKS_EXCLUDED(mu_);
  void Remove(Watch& watch) ABSL_LOCKS_EXCLUDED(mu_);
  void ArmCheck() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Check() ABSL_LOCKS_EXCLUDED(mu_);

  TimerQueue& timers_;
  const absl::Duration timeout_;
  prometheus::Counter& ended_;
  absl::Mutex mu_;  // Guards the members below it.
  absl::flat_hash_set<Watch*> watches_ ABSL_GUARDED_BY(mu_);
  bool check_armed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_STALLED_CALLS_H_
