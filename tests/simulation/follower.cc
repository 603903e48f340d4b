#include "tests/simulation/follower.h"

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/support/await.h"

namespace playhead::storage {

using playhead::testing::Await;
using playhead::testing::Random;

absl::Status Follower::Pull(EventLog& log, Random& random) {
  if (absl::Status status = Take(); !status.ok()) return status;
  const uint32_t events_max = static_cast<uint32_t>(1 + random.Skewed(100));
  const std::optional<uint64_t> life = oracle_.LifeOf(instance_);
  caught_up_ = !life;
  if (!life) return absl::OkStatus();
  const auto instance = Await<std::shared_ptr<Instance>>(
      [&](auto done) { log.OpenInstance(instance_, OpenMode::kExisting, std::move(done)); });
  if (HasReason(instance.status(), Reason::kInstanceNotFound)) {
    caught_up_ = true;
    return absl::OkStatus();
  }
  if (!instance.ok()) return instance.status();
  if (place_.life != *life) {
    if (absl::Status status = BeginLife(log, *instance, *life); !status.ok()) return status;
  }
  asked_at_ = oracle_.Now();
  const Cursor before_first = (*instance)->bounds().BeforeFirst();
  if (was_trimmed_ || place_.last == Cursor()) {
    was_trimmed_ = false;
    if (before_first > place_.last) oracle_.CheckGone(asked_at_, instance_, place_.last, before_first, place_);
  }
  ReadOptions read{.after = place_.last, .events_max = events_max};
  if (resuming_ && tamper_with_resume_) tamper_with_resume_(read.after);
  resuming_ = false;
  std::promise<absl::StatusOr<Answer>> promise;
  asked_ = promise.get_future();
  log.Read(*instance, read, [promise = std::move(promise)](absl::StatusOr<ReadResult> result) mutable {
    if (!result.ok()) return promise.set_value(result.status());
    promise.set_value(Answer{EventsOf(*result), result->next, result->end_reached});
  });
  return absl::OkStatus();
}

absl::Status Follower::BeginLife(EventLog& log, const std::shared_ptr<Instance>& instance, uint64_t life) {
  const Cursor stale = place_.last;
  if (stale != Cursor()) {
    const auto read = Await<ReadResult>([&](auto done) { log.Read(instance, {.after = stale}, std::move(done)); });
    if (read.ok()) {
      oracle_.Violation(absl::StrCat(instance_, ": a reader behind ", stale.value(),
                                     " of a log that was deleted goes on in another"));
    } else if (!HasReason(read.status(), Reason::kCursorDiverged)) {
      return read.status();
    }
  }
  place_ = {.life = life};
  was_trimmed_ = false;
  return absl::OkStatus();
}

absl::Status Follower::Take() {
  if (!asked_) return absl::OkStatus();
  const absl::StatusOr<Answer> answer = asked_->get();
  asked_.reset();
  caught_up_ = false;
  // It was read of a log that is gone, or of one that may be.
  const bool deleted = oracle_.LifeOf(instance_) != place_.life;
  if (deleted && (answer.ok() || HasReason(answer.status(), Reason::kInstanceDeleted))) return absl::OkStatus();
  if (HasReason(answer.status(), Reason::kCursorTrimmed)) {
    was_trimmed_ = true;
    return absl::OkStatus();
  }
  if (!answer.ok()) return answer.status();
  given_ += answer->events.size();
  oracle_.CheckGiven(asked_at_, instance_, answer->events, place_);
  if (answer->next != place_.last) {
    oracle_.Violation(absl::StrCat(instance_, ": a reader behind ", place_.last.value(), " is to go on behind ",
                                   answer->next.value()));
  }
  if (!answer->end_reached) {
    return answer->events.empty() ? absl::InternalError("a reader makes no progress") : absl::OkStatus();
  }
  caught_up_ = true;
  oracle_.CheckCaughtUp(asked_at_, instance_, place_);
  return absl::OkStatus();
}

absl::Status Follower::CatchUp(EventLog& log, Random& random) {
  absl::Status status = Take();
  caught_up_ = false;
  while (status.ok() && !caught_up_) {
    status = Pull(log, random);
    if (status.ok()) status = Take();
  }
  return status;
}

absl::Status Follower::Disconnect() {
  resuming_ = true;
  return Take();
}

}  // namespace playhead::storage
