#include "broker/replay/consumer_target.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "storage/cursor.h"

namespace playhead::broker::replay {
namespace {

bool IsGone(const storage::Instance& instance, storage::Cursor cursor) {
  return instance.deleted() || cursor < instance.bounds().first;
}

SendResult ResultOf(const absl::StatusOr<ReplayOutcome>& outcome, const ConsumerReplay& replay) {
  // Cancelled, or the broker stops: the event may have been handled.
  if (absl::IsCancelled(outcome.status()) || absl::IsUnavailable(outcome.status())) {
    return {SendOutcome::kStopped, outcome.status()};
  }
  if (!outcome.ok()) return {SendOutcome::kFailed, outcome.status()};
  if (outcome->acked > 0) return {SendOutcome::kSent, absl::OkStatus()};
  if (outcome->parked == 0 && IsGone(*replay.instance, replay.last)) return {SendOutcome::kGone, absl::OkStatus()};
  const absl::string_view why = outcome->parked > 0 ? "has parked it" : "does not want it: its source or its filter";
  return {SendOutcome::kPutAside, absl::FailedPreconditionError(absl::StrCat(replay.consumer, " ", why))};
}

}  // namespace

void ConsumerTarget::Send(ReplayedEvent event, Done done) {
  bool stopped;
  {
    absl::MutexLock lock(&mu_);
    stopped = stopped_;
  }
  if (stopped) return std::move(done)({SendOutcome::kStopped, absl::CancelledError("stopped")});
  const storage::Cursor cursor(event.event.cursor);
  ConsumerReplay replay = {.consumer = consumer_,
                           .replay_id = replay_id_,
                           .instance = event.instance,
                           .after = event.instance->bounds().epochs.Previous(cursor),
                           .last = cursor};
  auto on_outcome = [self = shared_from_this(), replay, done = std::move(done)](
                        absl::StatusOr<ReplayOutcome> outcome) mutable { std::move(done)(ResultOf(outcome, replay)); };
  consumers_.Replay(std::move(replay), std::move(on_outcome));
}

void ConsumerTarget::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
  }
  Pause();
}

}  // namespace playhead::broker::replay
