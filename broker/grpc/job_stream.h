// JobStream: a call that runs one long job of the store and tells how it goes.
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

// Of what the job tells, every item is written, in order, and of its progress only the newest: so a slow reader costs
// as much as there are items, which the job bounds (storage::kFindingsToldMax). The job is called off when the client
// is gone, when its key is, and when the broker stops. Keeps itself alive until gRPC and the job are done with it.
// Thread safety: all methods but Start.
class JobStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer>,
                        public ClosableStream,
                        public std::enable_shared_from_this<JobStream> {
 public:
  // Begins the job; its end is told with End.
  using Job = absl::AnyInvocable<void(std::shared_ptr<JobStream>) &&>;

  // `method` must be a literal. Runs `make_job` if the caller manages everything, and the job it makes.
  static grpc::ServerWriteReactor<grpc::ByteBuffer>* Start(
      absl::string_view method, const Core& core, grpc::CallbackServerContext& context, const grpc::ByteBuffer& request,
      absl::AnyInvocable<absl::StatusOr<Job>(const Caller&) &&> make_job);

  const Core& core() const { return core_; }
  const std::shared_ptr<storage::JobControl>& control() const { return control_; }

  void TellProgress(grpc::ByteBuffer message) ABSL_LOCKS_EXCLUDED(mu_);
  void TellItem(grpc::ByteBuffer message) ABSL_LOCKS_EXCLUDED(mu_);
  // The job is over: its last message, or why there is none. Call once.
  void End(absl::StatusOr<grpc::ByteBuffer> result) ABSL_LOCKS_EXCLUDED(mu_);

  void Close(absl::Status status) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnCancel() override { control_->Cancel(); }
  void OnDone() override { self_.reset(); }

 private:
  JobStream(absl::string_view method, const Core& core, grpc::CallbackServerContext& context)
      : method_(method), core_(core), context_(context) {}

  // Writes what is next, or finishes when nothing is; unless a write is under way.
  void Continue() ABSL_LOCKS_EXCLUDED(mu_);

  const absl::string_view method_;
  const Core core_;
  grpc::CallbackServerContext& context_;
  const std::shared_ptr<storage::JobControl> control_ = std::make_shared<storage::JobControl>();
  std::shared_ptr<JobStream> self_;
  StreamRegistry::Ticket ticket_;
  grpc::ByteBuffer message_;  // Being written.

  absl::Mutex mu_;
  std::deque<grpc::ByteBuffer> items_ ABSL_GUARDED_BY(mu_);
  std::optional<grpc::ByteBuffer> progress_ ABSL_GUARDED_BY(mu_);
  std::optional<absl::Status> end_ ABSL_GUARDED_BY(mu_);     // Once the job is over.
  std::optional<absl::Status> closed_ ABSL_GUARDED_BY(mu_);  // Why the job was called off.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool client_gone_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_JOB_STREAM_H_
