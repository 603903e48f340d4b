#include "client/timers.h"

#include <map>
#include <thread>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"

namespace playhead {
namespace {

// State shared by the timers and their thread. The thread outlives the timers if one of their own functions destroys
// them.
class Queue {
 public:
  Timers::Id Add(absl::Time when, absl::AnyInvocable<void()> run) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    const Timers::Id id = ++last_id_;
    due_.emplace(id, when);
    const auto added = waiting_.emplace(std::make_pair(when, id), std::move(run)).first;
    if (added == waiting_.begin()) changed_.Signal();
    return id;
  }

  bool Cancel(Timers::Id id) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::AnyInvocable<void()> dropped;  // Destroyed after the lock is released: it may own anything.
    absl::MutexLock lock(&mu_);
    const auto when = due_.find(id);
    if (when == due_.end()) return false;
    const auto found = waiting_.find({when->second, id});
    dropped = std::move(found->second);
    waiting_.erase(found);
    due_.erase(when);
    return true;
  }

  void Stop() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    changed_.Signal();
  }

  void Run() ABSL_LOCKS_EXCLUDED(mu_) {
    while (absl::AnyInvocable<void()> run = WaitForNext()) run();
  }

 private:
  // Waits for the next function to fall due; empty once stopped.
  absl::AnyInvocable<void()> WaitForNext() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    while (!stopped_) {
      const auto next = waiting_.begin();
      if (next == waiting_.end()) {
        changed_.Wait(&mu_);
      } else if (const absl::Time when = next->first.first; absl::Now() < when) {
        changed_.WaitWithDeadline(&mu_, when);
      } else {
        absl::AnyInvocable<void()> run = std::move(next->second);
        due_.erase(next->first.second);
        waiting_.erase(next);
        return run;
      }
    }
    return nullptr;
  }

  absl::Mutex mu_;
  absl::CondVar changed_;
  Timers::Id last_id_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  std::map<std::pair<absl::Time, Timers::Id>, absl::AnyInvocable<void()>> waiting_ ABSL_GUARDED_BY(mu_);
  std::map<Timers::Id, absl::Time> due_ ABSL_GUARDED_BY(mu_);
};

class SystemTimers : public Timers {
 public:
  SystemTimers() : queue_(std::make_shared<Queue>()), thread_([queue = queue_] { queue->Run(); }) {}

  ~SystemTimers() override {
    queue_->Stop();
    if (thread_.get_id() == std::this_thread::get_id()) {
      thread_.detach();
    } else {
      thread_.join();
    }
  }

  absl::Time Now() override { return absl::Now(); }
  Id RunAfter(absl::Duration delay, absl::AnyInvocable<void()> run) override {
    return queue_->Add(absl::Now() + delay, std::move(run));
  }
  bool Cancel(Id id) override { return queue_->Cancel(id); }

 private:
  const std::shared_ptr<Queue> queue_;
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Timers> NewSystemTimers() { return std::make_unique<SystemTimers>(); }

void SleepOn(Timers& timers, absl::Duration duration) {
  auto over = std::make_shared<absl::Notification>();
  timers.RunAfter(duration, [over] { over->Notify(); });
  over->WaitForNotification();
}

}  // namespace playhead
