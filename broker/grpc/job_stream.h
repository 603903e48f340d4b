// JobStream: a call that runs one long job of the store and streams its progress.
#ifndef PLAYHEAD_BROKER_GRPC_JOB_STREAM_H_
#define PLAYHEAD_BROKER_GRPC_JOB_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <memory>
#include <optional>

#include "absl/base/thread_annotations.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "broker/core.h"
#include "broker/stream_registry.h"
#include "storage/store_jobs.h"

namespace playhead::broker {

// Every item that the job reports is written, in order, but of its progress only the latest. So the memory for a slow
// reader is bounded by the number of items, which the job limits (storage::kFindingsToldMax). The job is cancelled when
// the client goes away, when its key is revoked, and when the broker stops. Keeps itself alive until gRPC and the job
// are done with it.
// Thread safety: all methods but Start.
class JobStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                        public ClosableStream,
                        public std::enable_shared_from_this<JobStream> {
 public:
  // Starts the job, which calls End when it is over.
  using Job = absl::AnyInvocable<void(std::shared_ptr<JobStream>) &&>;

  // `method` must be a literal. If the caller manages everything, calls `make_job` and runs the job that it returns.
  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(
      absl::string_view method, const Core& core, grpc::CallbackServerContext& context, const grpc::ByteBuffer& request,
      absl::AnyInvocable<absl::StatusOr<Job>(const Caller&) &&> make_job);

  const Core& core() const { return core_; }
  const std::shared_ptr<storage::JobControl>& control() const { return control_; }

  void TellProgress(grpc::ByteBuffer message) ABSL_LOCKS_EXCLUDED(mu_);
  void TellItem(grpc::ByteBuffer message) ABSL_LOCKS_EXCLUDED(mu_);
  // Ends the stream with the job's last message, or with its error. Call once.
  void End(absl::StatusOr<grpc::ByteBuffer> result) ABSL_LOCKS_EXCLUDED(mu_);

  void Close(absl::Status status) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnCancel() override { control_->Cancel(); }
  void OnDone() override { self_.reset(); }

 private:
  JobStream(absl::string_view method, const Core& core, grpc::CallbackServerContext& context)
      : method_(method), core_(core), context_(context) {}

  // Writes the next message, or finishes if the job is over and there is none, unless a write is in progress.
  void Continue() ABSL_LOCKS_EXCLUDED(mu_);

  const absl::string_view method_;
  const Core core_;
  grpc::CallbackServerContext& context_;
  const std::shared_ptr<storage::JobControl> control_ = std::make_shared<storage::JobControl>();
  std::shared_ptr<JobStream> self_;
  StreamRegistry::Ticket ticket_;
  grpc::ByteBuffer message_;  // The message being written.

  absl::Mutex mu_;
  std::deque<grpc::ByteBuffer> items_ ABSL_GUARDED_BY(mu_);
  std::optional<grpc::ByteBuffer> progress_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);     // Set when the job is over.
  std::optional<absl::Status> closed_ ABSL_GUARDED_BY(mu_);  // Why the job was cancelled.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool client_gone_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_JOB_STREAM_H_
