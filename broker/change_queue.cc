#include "broker/change_queue.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker {

absl::Status ChangeQueue::Full() const {
  return MakeError(Reason::kAppendQueueFull, absl::StrCat("too many changes of ", what_, " wait: try again shortly"));
}

void ChangeQueue::OnFinished() {
  {
    absl::MutexLock lock(&mu_);
    changing_ = false;
  }
  StartNext();
}

void ChangeQueue::StartNext() {
  {
    absl::MutexLock lock(&mu_);
    if (std::exchange(starting_, true)) return;
  }
  for (;;) {
    absl::AnyInvocable<void() &&> next;
    {
      absl::MutexLock lock(&mu_);
      if (changing_ || waiting_.empty()) {
        starting_ = false;
        return;
      }
      changing_ = true;
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    std::move(next)();
  }
}

}  // namespace playhead::broker
