// Ends calls over gRPC whose clients take nothing while others wait for the memory that these calls hold.
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

// A client may stop reading for as long as it likes, while there is memory for all. When somebody waits for some of the
// budget that its call draws on, and one message of the call has been on its way for `timeout`, the call is ended with
// UNAVAILABLE: its client may come again from where it was. gRPC writes that status past what the client does not take;
// the call's own reactor hears of it as of a client that is gone.
//
// Thread safety: all methods may be called from any thread.   Blocking: none.
// Ownership: borrows `timers`, which must be stopped before it goes, and `ended`, which counts the calls; must outlive
// its watches.
class StalledCalls {
 public:
  // Watches over one call. To be destroyed in its OnDone at the latest.
  class Watch {
   public:
    // Borrows `budget`, of which the call's messages hold some until they are written.
    Watch(StalledCalls& calls, const ByteBudget& budget, grpc::CallbackServerContext& context);
    ~Watch();
    Watch(const Watch&) = delete;
    Watch& operator=(const Watch&) = delete;

    // A message was given to gRPC to write, and then written. Of one call, one at a time.
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
