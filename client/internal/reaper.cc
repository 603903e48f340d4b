#include "client/internal/reaper.h"

#include <deque>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"

namespace playhead::internal {
namespace {

class Reaper {
 public:
  Reaper() {
    std::thread([this] { Run(); }).detach();
  }

  void Add(absl::AnyInvocable<void()> destroy) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    waiting_.push_back(std::move(destroy));
  }

 private:
  [[noreturn]] void Run() ABSL_LOCKS_EXCLUDED(mu_) {
    const auto some = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !waiting_.empty(); };
    while (true) {
      absl::AnyInvocable<void()> destroy;
      {
        absl::MutexLock lock(&mu_);
        mu_.Await(absl::Condition(&some));
        destroy = std::move(waiting_.front());
        waiting_.pop_front();
      }
      destroy();
    }
  }

  absl::Mutex mu_;
  std::deque<absl::AnyInvocable<void()>> waiting_ ABSL_GUARDED_BY(mu_);  // Bounded by the objects that exist.
};

}  // namespace

void Reap(absl::AnyInvocable<void()> destroy) {
  static Reaper* const reaper = new Reaper();  // Never destroyed: callbacks may still run while the process exits.
  reaper->Add(std::move(destroy));
}

}  // namespace playhead::internal
