#include "client/internal/publisher_core.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/internal/event_check.h"
#include "proto/errors.h"

namespace playhead::internal {
namespace {

constexpr uint64_t kAllOrdinals = std::numeric_limits<uint64_t>::max();

absl::Status PreviousFailed(absl::string_view instance, const absl::Status& failure) {
  return MakeError(Reason::kPreviousFailed,
                   absl::StrCat("an earlier append to ", instance, " failed (", failure.ToString(),
                                "); ResumeAppends allows appends to it again"));
}

// The error of a batch that was sent without getting an answer, and has now failed for another reason.
absl::Status Uncertain(const absl::Status& cause) {
  return MakeError(Reason::kAppendUncertain,
                   absl::StrCat("the append was sent and not answered, and may be stored; it could not be sent again: ",
                                cause.ToString()));
}

}  // namespace

// Forwards the callbacks of one stream, with its number.
class PublisherCore::Observer : public AppendObserver {
 public:
  Observer(std::shared_ptr<PublisherCore> core, uint64_t stream) : core_(std::move(core)), stream_(stream) {}
  void OnWritten() override { core_->OnWritten(stream_); }
  void OnReply(v1::AppendStreamResponse reply) override { core_->OnReply(stream_, std::move(reply)); }
  void OnDone(absl::Status status) override { core_->OnDone(stream_, std::move(status)); }

 private:
  const std::shared_ptr<PublisherCore> core_;
  const uint64_t stream_;
};

PublisherCore::PublisherCore(std::shared_ptr<Connection> connection, const ClientOptions& client_options,
                             PublisherOptions options)
    : connection_(std::move(connection)),
      timers_(client_options.timers),
      options_(std::move(options)),
      backoff_(client_options.backoff) {}

absl::Status PublisherCore::CheckAccepting(absl::string_view instance) const {
  if (!failure_.ok()) return failure_;
  if (closed_) return absl::FailedPreconditionError("the publisher was closed");
  const auto lane = lanes_.find(instance);
  if (lane == lanes_.end() || lane->second->failure.ok()) return absl::OkStatus();
  return PreviousFailed(instance, lane->second->failure);
}

bool PublisherCore::WindowHasRoom(size_t bytes) const {
  // An event larger than the window is accepted if the window is empty.
  return window_events_ == 0 ||
         (window_events_ < options_.window_events_max && window_bytes_ + bytes <= options_.window_bytes_max);
}

absl::Status PublisherCore::Append(absl::string_view instance, const NewEvent& event, AppendCallback done,
                                   bool may_block) {
  if (absl::Status status = CheckInstanceName(instance); !status.ok()) return status;
  if (absl::Status status = CheckNewEvent(event); !status.ok()) return status;
  const size_t bytes = EncodedBytesBound(event);
  while (true) {
    Actions actions;
    bool accepted = false;
    {
      absl::MutexLock lock(&mu_);
      if (absl::Status status = CheckAccepting(instance); !status.ok()) return status;
      accepted = WindowHasRoom(bytes);
      if (accepted) {
        Collect(instance, event, bytes, std::move(done));
        SealEagerly();
      } else {
        SealThrough(kAllOrdinals);  // Nothing more can join these before replies make room.
      }
      actions = NextActions();
      if (!accepted && may_block && !actions.any()) {
        resolved_.Wait(&mu_);
        continue;
      }
    }
    Run(std::move(actions));
    if (accepted) return absl::OkStatus();
    if (!may_block) {
      return absl::ResourceExhaustedError(absl::StrCat("the publisher's window of ", options_.window_events_max,
                                                       " events and ", options_.window_bytes_max, " bytes is full"));
    }
  }
}

void PublisherCore::Collect(absl::string_view instance, const NewEvent& event, size_t bytes, AppendCallback done) {
  std::unique_ptr<Lane>& lane = lanes_[instance];
  if (lane == nullptr) lane = std::make_unique<Lane>(options_.first_sequence);
  if (lane->collecting != nullptr && lane->collecting->bytes() + bytes > options_.batch_bytes_max) {
    SealThrough(lane->collecting->ordinal());
  }
  if (lane->collecting == nullptr) {
    collecting_.push_back(std::make_unique<PublisherBatch>(next_ordinal_++, instance, options_.producer_id,
                                                           lane->next_sequence, timers_->Now(), lane->bytes_hint));
    lane->collecting = collecting_.back().get();
    ArmLinger();
  }
  window_bytes_ += lane->collecting->Add(event, std::move(done));
  ++window_events_;
  ++lane->next_sequence;
  if (lane->collecting->event_count() == options_.batch_events_max) SealThrough(lane->collecting->ordinal());
}

void PublisherCore::SealThrough(uint64_t ordinal) {
  while (!collecting_.empty() && collecting_.front()->ordinal() <= ordinal) {
    std::unique_ptr<PublisherBatch> batch = std::move(collecting_.front());
    collecting_.pop_front();
    Lane& lane = *lanes_.find(batch->instance())->second;
    lane.collecting = nullptr;
    lane.bytes_hint = batch->bytes();
    window_.push_back(std::move(batch));
  }
}

void PublisherCore::SealEagerly() {
  if (options_.linger > absl::ZeroDuration()) return;
  while (!collecting_.empty() && window_.size() < options_.eager_batches) SealThrough(collecting_.front()->ordinal());
}

void PublisherCore::ArmLinger() {
  if (options_.linger <= absl::ZeroDuration() || linger_ != 0 || collecting_.empty()) return;
  linger_ =
      timers_->RunAfter(collecting_.front()->opened_at() + options_.linger - timers_->Now(), [weak = weak_from_this()] {
        if (const auto core = weak.lock()) core->OnLinger();
      });
}

void PublisherCore::OnLinger() {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    linger_ = 0;
    const absl::Time due = timers_->Now() - options_.linger;
    while (!collecting_.empty() && collecting_.front()->opened_at() <= due) {
      SealThrough(collecting_.front()->ordinal());
    }
    ArmLinger();
    actions = NextActions();
  }
  Run(std::move(actions));
}

PublisherCore::Actions PublisherCore::NextActions() {
  Actions actions;
  actions.complete = !completions_.empty() && completing_ == 0;
  if (written_ == window_.size()) return actions;
  if (!streaming_) {
    if (retry_ != 0) return actions;
    streaming_ = true;
    refused_ = false;
    retry_cause_ = absl::OkStatus();
    actions.open_stream = ++stream_;
  } else if (call_ != nullptr && !writing_ && !refused_) {
    writing_ = true;
    actions.write_to = call_;
    actions.request = window_[written_++]->request();
  }
  return actions;
}

void PublisherCore::Run(Actions actions) {
  if (actions.open_stream != 0) OpenStream(actions.open_stream);
  if (actions.write_to != nullptr) actions.write_to->Write(std::move(actions.request));
  if (actions.complete) RunCompletions();
}

void PublisherCore::OpenStream(uint64_t stream) {
  const auto call = connection_->AppendStream(std::make_shared<Observer>(shared_from_this(), stream));
  Actions actions;
  bool wanted;
  {
    absl::MutexLock lock(&mu_);
    wanted = streaming_ && stream == stream_;
    if (wanted) {
      call_ = call;
      actions = NextActions();
    }
  }
  if (!wanted) call->Cancel();
  Run(std::move(actions));
}

void PublisherCore::OnWritten(uint64_t stream) {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    if (!streaming_ || stream != stream_) return;
    writing_ = false;
    actions = NextActions();
  }
  Run(std::move(actions));
}

void PublisherCore::OnReply(uint64_t stream, v1::AppendStreamResponse reply) {
  Actions actions;
  std::shared_ptr<AppendCall> cancel;
  {
    absl::MutexLock lock(&mu_);
    if (!streaming_ || stream != stream_ || refused_) return;
    if (reply.has_appended() && written_ > 0 &&
        static_cast<size_t>(reply.appended().cursors_size()) == window_.front()->event_count()) {
      Succeed(std::move(*reply.mutable_appended()));
    } else {
      // Whatever the reason, the stream is of no more use: the broker refuses its later requests too.
      refused_ = true;
      cancel = call_;
      absl::Status status = reply.has_error() && written_ > 0
                                ? FromProto(reply.error())
                                : absl::InternalError("the broker's reply does not match the request");
      // A quota of one instance may be used up for long, so it is not retried: other instances must not wait for it.
      if (MayReopen(status) && !HasReason(status, Reason::kQuotaExceeded)) {
        NoteUnanswered(status);
        retry_cause_ = std::move(status);
      } else if (written_ > 0) {
        Refuse(std::move(status));
      }
    }
    SealEagerly();
    actions = NextActions();
    resolved_.SignalAll();
  }
  if (cancel != nullptr) cancel->Cancel();
  Run(std::move(actions));
}

void PublisherCore::Succeed(v1::AppendResponse response) {
  std::unique_ptr<PublisherBatch> batch = std::move(window_.front());
  window_.pop_front();
  --written_;
  backoff_.Reset();
  window_events_ -= batch->event_count();
  window_bytes_ -= batch->event_bytes();
  completions_.push_back({std::move(batch), std::move(response)});
}

void PublisherCore::FailBatch(std::unique_ptr<PublisherBatch> batch, absl::Status status) {
  if (flush_status_.ok()) flush_status_ = status;
  window_events_ -= batch->event_count();
  window_bytes_ -= batch->event_bytes();
  completions_.push_back({std::move(batch), std::move(status)});
}

void PublisherCore::Refuse(absl::Status status) {
  std::unique_ptr<PublisherBatch> refused = std::move(window_.front());
  window_.pop_front();
  const std::string instance = refused->instance();
  Lane& lane = *lanes_.find(instance)->second;
  lane.failure = status;
  // The broker names the next sequence if an earlier batch that failed as uncertain was stored after all.
  const v1::Error error = ToProto(status);
  lane.next_sequence = error.has_next_sequence() ? error.next_sequence() : refused->first_sequence();
  lane.collecting = nullptr;
  // QUOTA_EXCEEDED means that it is not stored: the broker looks for duplicates first.
  const bool told = !refused->uncertain() || HasReason(status, Reason::kQuotaExceeded);
  FailBatch(std::move(refused), told ? status : Uncertain(status));
  const absl::Status behind = PreviousFailed(instance, status);
  for (auto* batches : {&window_, &collecting_}) {
    std::deque<std::unique_ptr<PublisherBatch>> kept;
    for (auto& batch : *batches) {
      if (batch->instance() == instance) {
        const bool uncertain = batch->uncertain();
        FailBatch(std::move(batch), uncertain ? Uncertain(behind) : behind);
      } else {
        kept.push_back(std::move(batch));
      }
    }
    batches->swap(kept);
  }
  written_ = 0;  // This stream accepts no more: the rest goes to the next one.
}

void PublisherCore::NoteUnanswered(const absl::Status& why) {
  // Before the broker ends a stream, it answers everything it has appended. A broken connection may lose answers.
  if (SaidByBroker(why) && !HasReason(why, Reason::kAppendUncertain)) return;
  for (size_t i = 0; i < written_; ++i) window_[i]->set_uncertain();
}

void PublisherCore::OnDone(uint64_t stream, absl::Status status) {
  Actions actions;
  int failed_attempt = 0;
  {
    absl::MutexLock lock(&mu_);
    if (!streaming_ || stream != stream_) return;
    if (!refused_) NoteUnanswered(status);
    streaming_ = false;
    writing_ = false;
    written_ = 0;
    call_.reset();
    if (!refused_ || !retry_cause_.ok()) {
      if (refused_) status = retry_cause_;
      if (status.ok()) status = absl::UnavailableError("the broker ended the stream");
      // An idle publisher opens the next stream when it has something to send.
      const bool may_reopen = MayReopen(status);
      const bool idle = may_reopen && window_.empty();
      const std::optional<absl::Duration> delay = may_reopen && !idle ? backoff_.Next() : std::nullopt;
      if (delay) {
        failed_attempt = backoff_.attempt();
        const absl::Duration wait = std::max(*delay, RetryAfter(status).value_or(absl::ZeroDuration()));
        retry_ = timers_->RunAfter(wait, [weak = weak_from_this()] {
          if (const auto core = weak.lock()) core->OnRetry();
        });
      } else if (!idle) {
        failure_ = status;
        FailAll(status, Uncertain(status));
      }
    }
    if (options_.on_reconnect == nullptr) failed_attempt = 0;
    if (failed_attempt != 0) ++reconnect_callbacks_;
    actions = NextActions();
    resolved_.SignalAll();
  }
  if (failed_attempt != 0) {
    options_.on_reconnect(failed_attempt, status);
    absl::MutexLock lock(&mu_);
    --reconnect_callbacks_;
    resolved_.SignalAll();
  }
  Run(std::move(actions));
}

void PublisherCore::OnRetry() {
  Actions actions;
  {
    absl::MutexLock lock(&mu_);
    retry_ = 0;
    actions = NextActions();
  }
  Run(std::move(actions));
}

void PublisherCore::FailAll(const absl::Status& status, const absl::Status& uncertain_status) {
  SealThrough(kAllOrdinals);
  while (!window_.empty()) {
    std::unique_ptr<PublisherBatch> batch = std::move(window_.front());
    window_.pop_front();
    const absl::Status& why = batch->uncertain() ? uncertain_status : status;
    FailBatch(std::move(batch), why);
  }
  written_ = 0;
}

void PublisherCore::RunCompletions() {
  while (true) {
    Completion completion;
    {
      absl::MutexLock lock(&mu_);
      if (completing_ != 0) return;  // Another thread runs callbacks, and will run these too, in order.
      if (completions_.empty()) return;
      completion = std::move(completions_.front());
      completions_.pop_front();
      completing_ = completion.batch->ordinal();
    }
    if (completion.result.ok()) {
      completion.batch->Succeed(*completion.result);
    } else {
      completion.batch->Fail(completion.result.status());
    }
    absl::MutexLock lock(&mu_);
    completing_ = 0;
    resolved_.SignalAll();
  }
}

uint64_t PublisherCore::OldestUnresolved() const {
  uint64_t oldest = next_ordinal_;
  if (!window_.empty()) oldest = window_.front()->ordinal();
  if (!collecting_.empty()) oldest = std::min(oldest, collecting_.front()->ordinal());
  for (const Completion& completion : completions_) oldest = std::min(oldest, completion.batch->ordinal());
  return completing_ == 0 ? oldest : std::min(oldest, completing_);
}

absl::Status PublisherCore::Flush(absl::Time deadline) {
  Actions actions;
  uint64_t next;
  {
    absl::MutexLock lock(&mu_);
    SealThrough(kAllOrdinals);
    next = next_ordinal_;
    actions = NextActions();
  }
  Run(std::move(actions));
  absl::MutexLock lock(&mu_);
  while (OldestUnresolved() < next) {
    if (resolved_.WaitWithDeadline(&mu_, deadline) && OldestUnresolved() < next) {
      return absl::DeadlineExceededError("not everything was acknowledged in time");
    }
  }
  return std::exchange(flush_status_, absl::OkStatus());
}

void PublisherCore::ResumeAppends(absl::string_view instance) {
  absl::MutexLock lock(&mu_);
  const auto lane = lanes_.find(instance);
  if (lane != lanes_.end()) lane->second->failure = absl::OkStatus();
}

absl::Status PublisherCore::Close(absl::Time deadline) {
  {
    absl::MutexLock lock(&mu_);
    closed_ = true;
    resolved_.SignalAll();
  }
  absl::Status status = Flush(deadline);
  std::shared_ptr<AppendCall> call;
  bool clean;
  {
    absl::MutexLock lock(&mu_);
    clean = window_.empty() && !writing_;
    NoteUnanswered(absl::CancelledError("the publisher was closed"));
    FailAll(absl::CancelledError("the publisher was closed before the event was sent: it is not stored"),
            MakeError(Reason::kAppendUncertain,
                      "the publisher was closed before the append was acknowledged: it may be stored"));
    streaming_ = false;
    call = std::move(call_);
    if (retry_ != 0) timers_->Cancel(std::exchange(retry_, 0));
    if (linger_ != 0) timers_->Cancel(std::exchange(linger_, 0));
  }
  if (call != nullptr) {
    if (clean) {
      call->WritesDone();
    } else {
      call->Cancel();
    }
  }
  RunCompletions();
  absl::MutexLock lock(&mu_);
  while (OldestUnresolved() < next_ordinal_) resolved_.Wait(&mu_);
  if (status.ok() || absl::IsDeadlineExceeded(status)) {
    // The failures of this call say more than that the deadline has passed.
    absl::Status failed = std::exchange(flush_status_, absl::OkStatus());
    if (!failed.ok()) status = std::move(failed);
  }
  return status;
}

void PublisherCore::WaitForReconnectCallbacks() {
  absl::MutexLock lock(&mu_);
  while (reconnect_callbacks_ > 0) resolved_.Wait(&mu_);
}

}  // namespace playhead::internal
