#include "broker/replay/job.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "broker/log.h"
#include "broker/replay/limits.h"
#include "broker/replay/rows.h"
#include "proto/errors.h"
#include "proto/event_wire.h"
#include "storage/erasures.h"

namespace playhead::broker::replay {

using storage::Cursor;

namespace {

std::string ProblemText(const absl::Status& status) {
  return absl::StrCat(ToProto(status).code(), ": ", std::string(status.message()));
}

// How many events a replay may send at once after an idle time: those of a tenth of a second.
uint64_t Burst(uint32_t rate) { return std::max<uint64_t>(rate / 10, 1); }

}  // namespace

Job::Job(const Core& core, store::v1::ReplayRecord record, std::vector<Range> ranges,
         std::shared_ptr<const storage::EventFilter> filter, std::shared_ptr<Target> target,
         absl::AnyInvocable<void()> ended)
    : core_(core),
      ranges_(std::move(ranges)),
      filter_(std::move(filter)),
      target_(std::move(target)),
      record_(std::move(record)),
      ended_(std::move(ended)),
      bucket_(record_.replay().rate(), Burst(record_.replay().rate())) {}

void Job::Run() {
  {
    absl::MutexLock lock(&mu_);
    if (!runs() || stepping_) return;
    stepping_ = true;
    window_start_ = SteadyNow();
    window_count_ = 0;
  }
  core_.executor.Post([self = shared_from_this()] { self->Step(); });
}

bool Job::runs() const { return !stopped_ && record_.replay().state() == v1::Replay::RUNNING; }

v1::Replay Job::Describe() const {
  absl::MutexLock lock(&mu_);
  v1::Replay replay = record_.replay();
  if (const absl::Status problem = target_->problem(); stepping_ && replay.problem().empty() && !problem.ok()) {
    replay.set_problem(ProblemText(problem));
  }
  const auto idle = SteadyNow() - window_start_;
  replay.set_rate_now(replay.state() == v1::Replay::RUNNING && idle < std::chrono::seconds(5) ? rate_now_ : 0);
  return replay;
}

void Job::Step() {
  absl::MutexLock lock(&mu_);
  if (!runs()) {
    stepping_ = false;
    if (record_.replay().ended_at() != 0) Save();  // Includes the outcome of the event that was in progress.
    return;
  }
  if (record_.range_index() >= ranges_.size()) {
    SetState(v1::Replay::DONE);
    stepping_ = false;
    return;
  }
  if (instance_ == nullptr) return OpenRange();
  // Events that were read too long ago may have been erased since.
  const bool is_old = SteadyNow() - read_at_ > absl::ToChronoNanoseconds(kReadAgeMax) && !read_.empty();
  if (is_old || read_.empty()) return Read();
  if (const absl::Duration wait = bucket_.Wait(absl::Now()); wait > absl::ZeroDuration()) {
    core_.timers.Schedule(SteadyNow() + absl::ToChronoNanoseconds(wait), [self = shared_from_this()] { self->Step(); });
    return;
  }
  SendNext();
}

void Job::SendNext() {
  storage::BlockSlice& slice = read_.front();
  const std::optional<absl::string_view> bytes = ConsumeEvent(slice.bytes);
  ReplayedEvent event{.instance = instance_, .block = slice.block};
  const bool sound = bytes.has_value() && event.event.Parse(*bytes);
  if (!bytes.has_value() || slice.bytes.empty()) read_.pop_front();
  if (!sound) {
    read_.clear();  // What follows is not sent by a resume that comes soon.
    PauseFor(MakeError(Reason::kDataLoss, absl::StrCat("an event of ", instance_->name(), " cannot be read")));
    stepping_ = false;
    return;
  }
  if (event.event.type == kErasedEventType) {  // There is nothing left to send.
    record_.set_range_cursor(event.event.cursor);
    core_.executor.Post([self = shared_from_this()] { self->Step(); });
    return;
  }
  bucket_.Draw(1);
  // Posted, since a target may call back at once: not under the lock, and not on this stack.
  core_.executor.Post([self = shared_from_this(), event = std::move(event)]() mutable {
    const uint64_t cursor = event.event.cursor;
    self->target_->Send(std::move(event),
                        [self, cursor](SendResult result) { self->OnSent(cursor, std::move(result)); });
    {
      absl::MutexLock lock(&self->mu_);
      if (self->runs()) return;
    }
    self->target_->Pause();  // A pause or cancellation before the Send above found nothing to pause.
  });
}

void Job::OnSent(uint64_t cursor, SendResult result) {
  {
    absl::MutexLock lock(&mu_);
    v1::Replay& replay = *record_.mutable_replay();
    replay.set_retry_count(replay.retry_count() + static_cast<uint64_t>(result.retries));
    core_.metrics.replay_retries.Increment(result.retries);
    if (!result.problem.ok()) replay.set_problem(ProblemText(result.problem));
    const bool skip = result.outcome == SendOutcome::kPutAside ||
                      (result.outcome == SendOutcome::kRefused &&
                       record_.endpoint().on_refusal() == v1::ReplayEndpoint::ON_REFUSAL_SKIP);
    if (result.outcome == SendOutcome::kSent) {
      replay.clear_problem();
      replay.set_sent_count(replay.sent_count() + 1);
      core_.metrics.replayed_events.Increment();
      NoteDone(cursor);
    } else if (skip) {
      replay.set_skipped_count(replay.skipped_count() + 1);
      NoteDone(cursor);
    } else {
      // This event will be read again. If it is gone, that read finds what else is, and EndRange counts all of it.
      read_.clear();
      const bool goes_on = result.outcome == SendOutcome::kStopped || result.outcome == SendOutcome::kGone;
      if (runs() && !goes_on) PauseFor(result.problem);
    }
  }
  Step();
}

void Job::NoteDone(uint64_t cursor) {
  record_.set_range_cursor(cursor);
  record_.set_range_done_count(record_.range_done_count() + 1);
  ++window_count_;
  const auto elapsed = SteadyNow() - window_start_;
  if (elapsed >= std::chrono::seconds(1)) {
    const double seconds = std::chrono::duration<double>(elapsed).count();
    rate_now_ = static_cast<double>(window_count_) / std::min(seconds, 5.0);
    window_start_ += elapsed;
    window_count_ = 0;
  }
  SaveSoon();
}

void Job::OpenRange() {
  core_.log.OpenInstance(ranges_[record_.range_index()].instance, storage::OpenMode::kExisting,
                         [self = shared_from_this()](auto instance) { self->OnOpened(std::move(instance)); });
}

void Job::OnOpened(absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
  {
    absl::MutexLock lock(&mu_);
    const Range& range = ranges_[record_.range_index()];
    if (absl::IsNotFound(instance.status()) || (instance.ok() && (*instance)->number() != range.number)) {
      EndRange();  // Deleted; another instance with its name is not part of the plan.
    } else if (!instance.ok()) {
      PauseFor(instance.status());
    } else {
      instance_ = *std::move(instance);
      if (record_.range_cursor() == 0) record_.set_range_cursor(range.after.value());
    }
  }
  Step();
}

void Job::Read() {
  const Range& range = ranges_[record_.range_index()];
  read_.clear();
  // A slow replay reads no more events than it can send before they are too old.
  const auto events_max = std::min<uint32_t>(record_.replay().rate(), kReadEventsMax);
  core_.log.Read(instance_,
                 {.after = std::max(Cursor(record_.range_cursor()), range.after),
                  .until = range.last,
                  .events_max = std::max<uint32_t>(events_max, 1),
                  .bytes_max = kReadBytesMax,
                  .filter = filter_},
                 [self = shared_from_this()](auto result) { self->OnRead(std::move(result)); });
}

void Job::OnRead(absl::StatusOr<storage::ReadResult> result) {
  {
    absl::MutexLock lock(&mu_);
    const Range& range = ranges_[record_.range_index()];
    if (HasReason(result.status(), Reason::kCursorTrimmed)) {
      record_.set_range_cursor(instance_->bounds().BeforeFirst().value());
      if (Cursor(record_.range_cursor()) >= range.last) EndRange();
    } else if (HasReason(result.status(), Reason::kInstanceDeleted)) {
      EndRange();
    } else if (!result.ok()) {
      PauseFor(result.status());
    } else if (result->slices.empty()) {
      record_.set_range_cursor(result->next.value());  // The filter matches none of it.
      if (result->end_reached || result->next >= range.last) EndRange();
    } else {
      read_.assign(std::make_move_iterator(result->slices.begin()), std::make_move_iterator(result->slices.end()));
      read_at_ = SteadyNow();
    }
  }
  Step();
}

void Job::EndRange() {
  const Range& range = ranges_[record_.range_index()];
  v1::Replay& replay = *record_.mutable_replay();
  if (range.event_count > record_.range_done_count()) {
    replay.set_gone_count(replay.gone_count() + range.event_count - record_.range_done_count());
  }
  record_.set_range_index(record_.range_index() + 1);
  record_.set_range_cursor(0);
  record_.set_range_done_count(0);
  instance_.reset();
  read_.clear();
  SaveSoon();
}

void Job::PauseFor(const absl::Status& problem) {
  record_.mutable_replay()->set_problem(ProblemText(problem));
  LogWarning("replay_paused", absl::StrCat("replay=", record_.replay().id()), problem);
  SetState(v1::Replay::PAUSED);
}

void Job::SetState(v1::Replay::State state) {
  v1::Replay& replay = *record_.mutable_replay();
  replay.set_state(state);
  if (state == v1::Replay::DONE || state == v1::Replay::CANCELLED) replay.set_ended_at(absl::ToUnixMicros(absl::Now()));
  Save();
}

absl::Status Job::CheckOpen() const {
  if (record_.replay().ended_at() == 0) return absl::OkStatus();
  return MakeError(Reason::kReplayEnded, absl::StrCat("the replay ", record_.replay().id(), " has ended"));
}

void Job::Pause(storage::StatusCallback done) {
  absl::Status status;
  {
    absl::MutexLock lock(&mu_);
    status = CheckOpen();
    if (status.ok()) {
      next_saved_.push_back(std::move(done));
      SetState(v1::Replay::PAUSED);
    }
  }
  if (!status.ok()) return std::move(done)(status);
  target_->Pause();
}

void Job::Resume(storage::StatusCallback done) {
  absl::Status status;
  {
    absl::MutexLock lock(&mu_);
    status = CheckOpen();
    if (status.ok()) {
      next_saved_.push_back(std::move(done));
      record_.mutable_replay()->clear_problem();
      SetState(v1::Replay::RUNNING);
    }
  }
  if (!status.ok()) return std::move(done)(status);
  Run();
}

void Job::Cancel(storage::StatusCallback done) {
  absl::Status status;
  {
    absl::MutexLock lock(&mu_);
    status = CheckOpen();
    if (status.ok()) {
      next_saved_.push_back(std::move(done));
      SetState(v1::Replay::CANCELLED);
    }
  }
  if (!status.ok()) return std::move(done)(status);
  target_->Pause();
}

void Job::Stop() {
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
  }
  target_->Stop();
}

void Job::SaveProgress() {
  absl::MutexLock lock(&mu_);
  if (unsaved_) Save();
}

void Job::SaveSoon() {
  unsaved_ = true;
  if (save_armed_ || saving_ || stopped_) return;
  save_armed_ = true;
  core_.timers.Schedule(SteadyNow() + absl::ToChronoNanoseconds(kSaveInterval), [self = shared_from_this()] {
    absl::MutexLock lock(&self->mu_);
    self->save_armed_ = false;
    if (self->unsaved_) self->Save();
  });
}

void Job::Save() {
  unsaved_ = true;
  if (saving_) return;
  saving_ = true;
  unsaved_ = false;
  saved_ = std::move(next_saved_);
  next_saved_.clear();
  const bool has_ended = record_.replay().ended_at() != 0;
  core_.log.records().Write(ProgressChanges(record_, has_ended ? ranges_.size() : 0),
                            [self = shared_from_this()](absl::Status status) { self->OnSaved(std::move(status)); });
}

void Job::OnSaved(absl::Status status) {
  std::vector<storage::StatusCallback> saved;
  absl::AnyInvocable<void()> ended;
  {
    absl::MutexLock lock(&mu_);
    saving_ = false;
    saved = std::move(saved_);
    saved_.clear();
    const bool has_ended = record_.replay().ended_at() != 0;
    if (!status.ok()) {
      LogWarning("replay_progress_not_saved", absl::StrCat("replay=", record_.replay().id()), status);
      unsaved_ = true;
    }
    if (!next_saved_.empty() || (status.ok() && unsaved_ && (has_ended || stopped_))) {
      Save();
    } else if (unsaved_) {
      SaveSoon();
    } else if (has_ended && !stepping_) {
      ended = std::exchange(ended_, nullptr);
    }
  }
  for (storage::StatusCallback& done : saved) std::move(done)(status);
  if (ended) ended();
}

}  // namespace playhead::broker::replay
