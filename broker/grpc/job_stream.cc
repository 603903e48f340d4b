#include "broker/grpc/job_stream.h"

#include <utility>

#include "broker/auth/call_access.h"
#include "broker/auth/permission.h"
#include "broker/grpc/call_metadata.h"
#include "broker/grpc/error_status.h"
#include "broker/late_refusal.h"
#include "broker/log.h"

namespace playhead::broker {

grpc::ServerWriteReactor<grpc::ByteBuffer>* JobStream::Start(
    absl::string_view method, const Core& core, grpc::CallbackServerContext& context, const grpc::ByteBuffer& request,
    absl::AnyInvocable<absl::StatusOr<Job>(const Caller&) &&> make_job) {
  auto stream = std::shared_ptr<JobStream>(new JobStream(method, core, context));
  JobStream* const reactor = stream.get();
  stream->self_ = stream;
  CallAccess access = JudgeAccess(core, BearerSecret(context), request.Length());
  if (access.refusal.ok()) {
    absl::Status status = access.caller->CheckAll(Permission::kManage);
    auto job = status.ok() ? std::move(make_job)(*access.caller) : absl::StatusOr<Job>(std::move(status));
    if (!job.ok()) {
      stream->End(job.status());
      return reactor;
    }
    auto ticket = core.streams.Admit(stream, std::move(access.caller));
    if (!ticket.ok()) {
      stream->End(ticket.status());
      return reactor;
    }
    stream->ticket_ = *std::move(ticket);
    (*std::move(job))(std::move(stream));
  } else {
    RefuseAfter(core.timers, access.refusal_delay, [stream, refusal = access.refusal] { stream->End(refusal); });
  }
  return reactor;
}

void JobStream::TellProgress(grpc::ByteBuffer message) {
  {
    absl::MutexLock lock(&mu_);
    progress_ = std::move(message);
  }
  Continue();
}

void JobStream::TellItem(grpc::ByteBuffer message) {
  {
    absl::MutexLock lock(&mu_);
    items_.push_back(std::move(message));
  }
  Continue();
}

void JobStream::End(absl::StatusOr<grpc::ByteBuffer> result) {
  {
    absl::MutexLock lock(&mu_);
    progress_.reset();
    end_ = result.ok() || !closed_ ? result.status() : *closed_;
    if (result.ok()) items_.push_back(*std::move(result));
  }
  Continue();
}

void JobStream::Close(absl::Status status) {
  {
    absl::MutexLock lock(&mu_);
    if (!closed_) closed_ = std::move(status);
  }
  control_->Cancel();
}

void JobStream::OnWriteDone(bool ok) {
  {
    absl::MutexLock lock(&mu_);
    writing_ = false;
    client_gone_ = client_gone_ || !ok;
  }
  if (!ok) control_->Cancel();
  Continue();
}

void JobStream::Continue() {
  // The thread that sets `writing_` starts the operation after it has released the lock, because gRPC may run the
  // reaction inside the call.
  std::optional<absl::Status> end;
  {
    absl::MutexLock lock(&mu_);
    if (writing_) return;
    if (client_gone_) {
      items_.clear();
      progress_.reset();
    }
    if (items_.empty() && !progress_ && !end_) return;
    writing_ = true;  // Also when finishing, so that nothing starts after it.
    if (!items_.empty()) {
      message_ = std::move(items_.front());
      items_.pop_front();
    } else if (progress_) {
      message_ = *std::exchange(progress_, std::nullopt);
    } else {
      end = end_;
    }
  }
  if (!end) return StartWrite(&message_);
  if (!end->ok() && !absl::IsCancelled(*end)) LogRefusal(method_, *end);
  Finish(ToGrpcStatus(*end, context_));
}

}  // namespace playhead::broker
