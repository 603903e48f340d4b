#include "broker/grpc/append_stream.h"

#include <utility>

#include "broker/error_status.h"
#include "broker/grpc/append_response.h"
#include "broker/grpc/message_buffer.h"
#include "broker/log.h"
#include "proto/errors.h"
#include "storage/append_validator.h"

namespace playhead::broker {
namespace {

grpc::ByteBuffer PreviousFailed() {
  return EncodeRefused(MakeError(Reason::kPreviousFailed, "an earlier append of this stream was refused"));
}

}  // namespace

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* AppendStream::Start(const Core& core,
                                                                                 grpc::CallbackServerContext& context) {
  const auto stream = std::make_shared<AppendStream>(core, context);
  stream->self_ = stream;
  auto ticket = core.streams.Admit(stream);
  if (ticket.ok()) {
    stream->ticket_ = *std::move(ticket);
  } else {
    absl::MutexLock lock(&stream->mu_);
    stream->closing_ = ticket.status();
  }
  stream->Run();
  return stream.get();
}

AppendStream::AppendStream(const Core& core, grpc::CallbackServerContext& context)
    : core_(core), context_(context), session_(core.log.NewAppendSession()) {}

void AppendStream::OnReadDone(bool ok) {
  const size_t bytes = ok ? incoming_.Length() : 0;
  {
    absl::MutexLock lock(&mu_);
    if (finished_) return;
    if (!ok) {
      reading_ = false;
      read_closed_ = true;
    } else if (!closing_.ok() && refusal_.ok()) {
      reading_ = false;  // Too late: not appended, and the stream's status says so.
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
  const auto bytes = RequestBytes::From(request);
  request.Clear();
  absl::StatusOr<storage::AppendBatch> batch =
      bytes.ok() ? storage::ParseAppendRequest((*bytes)->view(), *bytes, {core_.limits.event_bytes_max})
                 : bytes.status();
  {
    absl::MutexLock lock(&mu_);
    if (batch.ok()) {
      ++submitted_;
    } else {
      invalid_ = batch.status();
      invalid_request_bytes_ = request_bytes;
      AnswerInvalid();
    }
  }
  if (batch.ok()) {
    session_->Append(*std::move(batch), [self = shared_from_this(), grant = std::move(grant),
                                         request_bytes](absl::StatusOr<storage::AppendResult> result) mutable {
      grant.Release();
      self->OnAppended(request_bytes, result);
    });
  }
  {
    absl::MutexLock lock(&mu_);
    reading_ = false;  // Only now: the next request must be submitted behind this one.
  }
  Run();
}

void AppendStream::OnAppended(size_t request_bytes, const absl::StatusOr<storage::AppendResult>& result) {
  grpc::ByteBuffer reply =
      result.ok() ? EncodeAppended(*result, core_.log.durability()) : EncodeRefused(result.status());
  {
    absl::MutexLock lock(&mu_);
    --submitted_;
    AddReply(std::move(reply), request_bytes);
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

void AppendStream::AddReply(grpc::ByteBuffer message, size_t request_bytes) {
  if (write_failed_) return Forget(request_bytes);
  replies_.push_back({std::move(message), request_bytes});
}

void AppendStream::Forget(size_t request_bytes) {
  --requests_;
  request_bytes_ -= request_bytes;
}

void AppendStream::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mu_);
    writing_ = false;
    wrote_ = true;
    Forget(writing_request_bytes_);
    if (!ok) {
      write_failed_ = true;
      for (const Reply& reply : replies_) Forget(reply.request_bytes);
      replies_.clear();
    }
  }
  Run();
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
  return !reading_ && !read_closed_ && !write_failed_ && closing_.ok() && refusal_.ok() && invalid_.ok() &&
         requests_ < core_.limits.append_stream_requests_max && request_bytes_ < core_.limits.append_stream_bytes_max;
}

AppendStream::Action AppendStream::Decide() {
  if (finished_) return Action::kNone;
  if (!writing_ && !replies_.empty()) {
    writing_ = true;
    outgoing_.Swap(&replies_.front().message);
    writing_request_bytes_ = replies_.front().request_bytes;
    replies_.pop_front();
    // Never the first: gRPC sends the initial metadata along with it, and with the hint would wait for another write to
    // send either, while we wait for this one to be done.
    return replies_.empty() || !wrote_ ? Action::kWrite : Action::kWriteBuffered;
  }
  if (MayRead()) {
    reading_ = true;
    return Action::kRead;
  }
  const bool ending = read_closed_ || write_failed_ || !closing_.ok() || !refusal_.ok();
  if (!ending || requests_ > 0) return Action::kNone;
  finished_ = true;
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
