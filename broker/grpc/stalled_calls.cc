#include "broker/grpc/stalled_calls.h"

#include <grpc/grpc.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "broker/log.h"

namespace playhead::broker {
namespace {

constexpr SteadyTime::rep kNotWriting = 0;

// How often the calls are checked, if that is not longer than the timeout.
constexpr absl::Duration kCheckInterval = absl::Seconds(1);

}  // namespace

StalledCalls::Watch::Watch(StalledCalls& calls, const ByteBudget& budget, grpc::CallbackServerContext& context)
    : calls_(calls), budget_(budget), call_(context.c_call()), writing_since_(kNotWriting) {
  calls_.Add(*this);
}

StalledCalls::Watch::~Watch() { calls_.Remove(*this); }

void StalledCalls::Watch::WriteStarted() {
  writing_since_.store(SteadyNow().time_since_epoch().count(), std::memory_order_relaxed);
}

void StalledCalls::Watch::WriteDone() { writing_since_.store(kNotWriting, std::memory_order_relaxed); }

bool StalledCalls::Watch::HasBeenWritingSince(SteadyTime time) const {
  const SteadyTime::rep since = writing_since_.load(std::memory_order_relaxed);
  return since != kNotWriting && since <= time.time_since_epoch().count();
}

void StalledCalls::Add(Watch& watch) {
  absl::MutexLock lock(&mu_);
  watches_.insert(&watch);
  ArmCheck();
}

void StalledCalls::Remove(Watch& watch) {
  absl::MutexLock lock(&mu_);
  watches_.erase(&watch);
}

void StalledCalls::ArmCheck() {
  if (std::exchange(check_armed_, true)) return;
  timers_.Schedule(SteadyNow() + absl::ToChronoNanoseconds(std::min(kCheckInterval, timeout_)), [this] { Check(); });
}

void StalledCalls::Check() {
  std::vector<grpc_call*> stalled;
  {
    absl::MutexLock lock(&mu_);
    check_armed_ = false;
    const SteadyTime long_ago = SteadyNow() - absl::ToChronoNanoseconds(timeout_);
    for (const Watch* const watch : watches_) {
      if (!watch->HasBeenWritingSince(long_ago) || watch->budget_.waiting() == 0) continue;
      grpc_call_ref(watch->call_);  // It may end as soon as the lock is released.
      stalled.push_back(watch->call_);
    }
    if (!watches_.empty()) ArmCheck();
  }
  if (stalled.empty()) return;
  const absl::Status status = absl::UnavailableError(absl::StrCat(
      "for ", absl::FormatDuration(timeout_),
      " the client took nothing of a message while others waited for memory: come again from where it was"));
  LogRefusal("a call that stalled", status);
  ended_.Increment(static_cast<double>(stalled.size()));
  const std::string message(status.message());
  for (grpc_call* const call : stalled) {
    // Not TryCancel, which would send CANCELLED; clients take that for their own cancellation.
    grpc_call_cancel_with_status(call, GRPC_STATUS_UNAVAILABLE, message.c_str(), nullptr);
    grpc_call_unref(call);
  }
}

}  // namespace playhead::broker
