#include "broker/grpc/append_stream.h"

#include <algorithm>
#include <utility>

#include "broker/auth/call_access.h"
#include "broker/auth/permission.h"
#include "broker/grpc/append_response.h"
#include "broker/grpc/call_metadata.h"
#include "broker/grpc/error_status.h"
#include "broker/grpc/message_buffer.h"
#include "broker/late_refusal.h"
#include "broker/log.h"
#include "proto/errors.h"
#include "storage/append_validator.h"

namespace playhead::broker {
namespace {

// The maximum size of the reply to a batch: a cursor for each event and, for a duplicate, its index.
size_t ReplyBytesMax(size_t event_count) {
  constexpr size_t kOtherBytes = 64;
  constexpr size_t kBytesPerEvent = sizeof(uint64_t) + 2;
  static_assert(storage::kBatchEventsMax < 1 << 14, "an index takes two bytes");
  return kOtherBytes + event_count * kBytesPerEvent;
}

grpc::ByteBuffer PreviousFailed() {
  return EncodeRefused(MakeError(Reason::kPreviousFailed, "an earlier append of this stream was refused"));
}

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AppendStream::Start(const Core& core,
                                                                                 grpc::CallbackServerContext& context) {
  const auto stream = std::make_shared<AppendStream>(core, context);
  stream->self_ = stream;
  stream->Enter();
  stream->Run();
  return stream.get();
}

AppendStream::AppendStream(const Core& core, grpc::CallbackServerContext& context)
    : core_(core), context_(context), session_(core.log.NewAppendSession()) {}

void AppendStream::Enter() {
  CallAccess access = JudgeAccess(core_, BearerSecret(context_), 0);
  if (!access.refusal.ok() && access.refusal_delay > absl::ZeroDuration()) {
    absl::MutexLock lock(&mu_);
    paused_ = true;  // Nothing is read before the stream ends.
    RefuseAfter(core_.timers, access.refusal_delay,
                [self = shared_from_this(), refusal = access.refusal] { self->Close(refusal); });
    return;
  }
  absl::Status refusal = access.refusal;
  if (refusal.ok()) {
    auto ticket = core_.streams.Admit(shared_from_this(), access.caller);
    refusal = ticket.status();
    if (ticket.ok()) {
      ticket_ = *std::move(ticket);
      caller_ = std::move(access.caller);
      return Pause(caller_->AppendDelay(0, 0));
    }
  }
  absl::MutexLock lock(&mu_);
  closing_ = std::move(refusal);
}

void AppendStream::OnReadDone(bool ok) {
  const size_t bytes = ok ? incoming_.Length() : 0;
  {
    absl::MutexLock lock(&mu_);
    if (finished_) return;
    if (!ok) {
      reading_ = false;
      read_closed_ = true;
    } else if (!closing_.ok() && refusal_.ok()) {
      reading_ = false;  // Too late: it is not appended, and the stream's status says so.
    } else {
      ++requests_;
      request_bytes_ += bytes;
      if (!refusal_.ok()) {
        reading_ = false;
        AddReply(PreviousFailed(), bytes);
      }
    }
    ok = reading_;
  }
  if (!ok) return Run();
  grpc::ByteBuffer request;
  request.Swap(&incoming_);
  if (auto grant = core_.append_budget.TryAcquire(bytes)) return Submit(std::move(request), *std::move(grant));
  core_.append_budget.Acquire(
      bytes, [self = shared_from_this(), request = std::move(request)](ByteBudget::Grant grant) mutable {
        self->Submit(std::move(request), std::move(grant));
      });
}

void AppendStream::Submit(grpc::ByteBuffer request, ByteBudget::Grant grant) {
  const size_t request_bytes = request.Length();
  absl::StatusOr<storage::AppendBatch> batch = Parse(request);
  request.Clear();
  if (!batch.ok() || caller_->key().rules().quotas.instances_max == 0) {
    return Charge(std::move(batch), request_bytes, std::move(grant));
  }
  const std::string instance = batch->instance;
  caller_->AdmitInstance(core_.log, instance,
                         [self = shared_from_this(), batch = std::move(batch), request_bytes,
                          grant = std::move(grant)](absl::Status status) mutable {
                           if (!status.ok()) batch = std::move(status);
                           self->Charge(std::move(batch), request_bytes, std::move(grant));
                         });
}

void AppendStream::Charge(absl::StatusOr<storage::AppendBatch> batch, size_t request_bytes, ByteBudget::Grant grant) {
  if (!batch.ok()) return OnChecked(std::move(batch), request_bytes, std::move(grant), absl::ZeroDuration());
  const size_t events = batch->events.size();
  absl::Duration delay = caller_->AppendDelay(events, request_bytes);
  if (core_.instance_limits.none()) return OnChecked(std::move(batch), request_bytes, std::move(grant), delay);
  const std::string instance = batch->instance;
  delay = std::max(delay, core_.instance_limits.ChargeStream(instance, events, request_bytes));
  core_.instance_limits.CheckRoom(instance, request_bytes,
                                  [self = shared_from_this(), batch = std::move(batch), request_bytes,
                                   grant = std::move(grant), delay](absl::Status room) mutable {
                                    batch->refuse_new = std::move(room);
                                    self->OnChecked(std::move(batch), request_bytes, std::move(grant), delay);
                                  });
}

absl::StatusOr<storage::AppendBatch> AppendStream::Parse(const grpc::ByteBuffer& request) {
  const auto bytes = RequestBytes::From(request);
  if (!bytes.ok()) return bytes.status();
  auto batch = storage::ParseAppendRequest((*bytes)->view(), *bytes, {core_.limits.event_bytes_max});
  if (!batch.ok()) return batch;
  // What a caller covers never changes, so if the instance is that of the previous request, checking that the caller is
  // still good is enough.
  const bool same = batch->instance == last_instance_ && !last_instance_.empty();
  absl::Status status = same ? caller_->CheckGood() : caller_->Check(Permission::kAppend, batch->instance);
  if (!status.ok()) return status;
  if (!same) last_instance_ = batch->instance;
  return batch;
}

void AppendStream::OnChecked(absl::StatusOr<storage::AppendBatch> batch, size_t request_bytes, ByteBudget::Grant grant,
                             absl::Duration delay) {
  ByteBudget::Grant reply_grant;
  {
    absl::MutexLock lock(&mu_);
    if (batch.ok()) {
      ++submitted_;
      auto paid = core_.append_reply_budget.TryAcquire(ReplyBytesMax(batch->events.size()));
      has_unpaid_reply_ = has_unpaid_reply_ || !paid.has_value();
      if (paid.has_value()) reply_grant = *std::move(paid);
    } else {
      invalid_ = batch.status();
      invalid_request_bytes_ = request_bytes;
      AnswerInvalid();
    }
  }
  if (batch.ok()) {
    Pause(delay);
    session_->Append(*std::move(batch),
                     [self = shared_from_this(), grant = std::move(grant), reply_grant = std::move(reply_grant),
                      request_bytes](absl::StatusOr<storage::AppendResult> result) mutable {
                       grant.Release();
                       self->OnAppended(request_bytes, result, std::move(reply_grant));
                     });
  }
  {
    absl::MutexLock lock(&mu_);
    reading_ = false;  // Only now, so that the next request is submitted after this one.
  }
  Run();
}

void AppendStream::Pause(absl::Duration delay) {
  if (delay <= absl::ZeroDuration()) return;
  core_.metrics.append_stream_pauses.Increment();
  absl::MutexLock lock(&mu_);
  if (finished_) return;
  paused_ = true;
  pause_timer_ = core_.timers.Schedule(SteadyNow() + absl::ToChronoNanoseconds(delay), [weak = weak_from_this()] {
    const std::shared_ptr<AppendStream> self = weak.lock();
    if (self == nullptr) return;
    {
      absl::MutexLock timer_lock(&self->mu_);
      self->paused_ = false;
    }
    self->Run();
  });
}

void AppendStream::OnAppended(size_t request_bytes, const absl::StatusOr<storage::AppendResult>& result,
                              ByteBudget::Grant reply_grant) {
  grpc::ByteBuffer reply =
      result.ok() ? EncodeAppended(*result, core_.log.durability()) : EncodeRefused(result.status());
  reply_grant.ShrinkTo(reply.Length());
  {
    absl::MutexLock lock(&mu_);
    --submitted_;
    AddReply(std::move(reply), request_bytes, std::move(reply_grant));
    if (refusal_.ok() && !result.ok()) refusal_ = result.status();
    AnswerInvalid();
  }
  Run();
}

void AppendStream::AnswerInvalid() {
  if (invalid_.ok() || submitted_ > 0) return;
  AddReply(refusal_.ok() ? EncodeRefused(invalid_) : PreviousFailed(), invalid_request_bytes_);
  refusal_.Update(invalid_);
  invalid_ = absl::OkStatus();
}

void AppendStream::AddReply(grpc::ByteBuffer message, size_t request_bytes, ByteBudget::Grant grant) {
  if (write_failed_) return Forget(request_bytes);
  replies_.push_back({std::move(message), request_bytes, std::move(grant)});
}

void AppendStream::Forget(size_t request_bytes) {
  --requests_;
  request_bytes_ -= request_bytes;
  if (requests_ == 0) has_unpaid_reply_ = false;
}

void AppendStream::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mu_);
    writing_ = false;
    wrote_ = true;
    writing_grant_.Release();
    Forget(writing_request_bytes_);
    if (!ok) StopWriting();
  }
  Run();
}

void AppendStream::StopWriting() {
  write_failed_ = true;
  for (const Reply& reply : replies_) Forget(reply.request_bytes);
  replies_.clear();
}

void AppendStream::OnCancel() {
  {
    absl::MutexLock lock(&mu_);
    StopWriting();
  }
  Run();  // The stream may be paused, with no read or write in progress that would fail.
}

void AppendStream::Close(absl::Status status) {
  {
    absl::MutexLock lock(&mu_);
    closing_.Update(status);
  }
  Run();
}

void AppendStream::OnDone() {
  const std::shared_ptr<AppendStream> self = std::move(self_);  // Destroys it, unless another thread still leaves Run.
}

bool AppendStream::MayRead() const {
  return !paused_ && !reading_ && !read_closed_ && !write_failed_ && !has_unpaid_reply_ && closing_.ok() &&
         refusal_.ok() && invalid_.ok() && requests_ < core_.limits.append_stream_requests_max &&
         request_bytes_ < core_.limits.append_stream_bytes_max;
}

AppendStream::Action AppendStream::Decide() {
  if (finished_) return Action::kNone;
  if (!writing_ && !replies_.empty()) {
    writing_ = true;
    outgoing_.Swap(&replies_.front().message);
    writing_request_bytes_ = replies_.front().request_bytes;
    writing_grant_ = std::move(replies_.front().grant);
    replies_.pop_front();
    // Never buffer the first reply: gRPC sends the initial metadata with it, and with the hint it would wait for
    // another write before it sends either, while this stream waits for this write to finish.
    return replies_.empty() || !wrote_ ? Action::kWrite : Action::kWriteBuffered;
  }
  if (MayRead()) {
    reading_ = true;
    return Action::kRead;
  }
  const bool ending = read_closed_ || write_failed_ || !closing_.ok() || !refusal_.ok();
  if (!ending || requests_ > 0) return Action::kNone;
  finished_ = true;
  if (paused_) core_.timers.Cancel(pause_timer_);
  return Action::kFinish;
}

absl::Status AppendStream::FinalStatus() const {
  if (!refusal_.ok()) return refusal_;
  return read_closed_ ? absl::OkStatus() : closing_;
}

void AppendStream::Run() {
  const std::shared_ptr<AppendStream> self = shared_from_this();
  mu_.Lock();
  if (running_) {
    mu_.Unlock();
    return;
  }
  running_ = true;
  for (Action action = Decide(); action != Action::kNone; action = Decide()) {
    const absl::Status final_status = action == Action::kFinish ? FinalStatus() : absl::OkStatus();
    mu_.Unlock();
    switch (action) {
      case Action::kRead:
        StartRead(&incoming_);
        break;
      case Action::kWrite:
        StartWrite(&outgoing_);
        break;
      case Action::kWriteBuffered:
        StartWrite(&outgoing_, grpc::WriteOptions().set_buffer_hint());
        break;
      case Action::kFinish:
        if (!final_status.ok()) LogRefusal("AppendStream", final_status);
        Finish(ToGrpcStatus(final_status, context_));
        break;
      case Action::kNone:
        break;
    }
    mu_.Lock();
  }
  running_ = false;
  mu_.Unlock();
}

}  // namespace playhead::broker
