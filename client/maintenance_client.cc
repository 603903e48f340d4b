#include "client/maintenance_client.h"

#include <grpcpp/client_context.h>

#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/synchronization/mutex.h"
#include "client/grpc_endpoint.h"
#include "playhead/v1/maintenance.grpc.pb.h"

namespace playhead {

class MaintenanceClient::Impl {
 public:
  explicit Impl(GrpcEndpoint endpoint) : endpoint_(std::move(endpoint)), stub_(endpoint_.NewChannel()) {}

  // Starts a call and reads its responses until it ends.
  template <typename Response, typename Request, typename Method>
  absl::Status Read(Method method, const Request& request, absl::FunctionRef<void(const Response&)> on_response) {
    grpc::ClientContext context;
    endpoint_.Prepare(context);
    {
      absl::MutexLock lock(&mu_);
      if (canceled_) return absl::CancelledError("called off");
      running_ = &context;
    }
    const auto reader = (stub_.*method)(&context, request);
    for (Response response; reader->Read(&response);) on_response(response);
    const grpc::Status status = reader->Finish();
    absl::MutexLock lock(&mu_);
    running_ = nullptr;
    return canceled_ ? absl::CancelledError("called off") : endpoint_.ToStatus(status, context);
  }

  void Cancel() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    canceled_ = true;
    if (running_ != nullptr) running_->TryCancel();
  }

 private:
  const GrpcEndpoint endpoint_;
  v1::Maintenance::Stub stub_;
  absl::Mutex mu_;
  bool canceled_ ABSL_GUARDED_BY(mu_) = false;
  grpc::ClientContext* running_ ABSL_GUARDED_BY(mu_) = nullptr;  // Of the newest call; nullptr if none is in flight.
};

absl::StatusOr<MaintenanceClient> MaintenanceClient::Create(const ClientOptions& options) {
  absl::StatusOr<GrpcEndpoint> endpoint = GrpcEndpoint::Create(options);
  if (!endpoint.ok()) return endpoint.status();
  return MaintenanceClient(std::make_shared<Impl>(*std::move(endpoint)));
}

MaintenanceClient::MaintenanceClient(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

absl::StatusOr<v1::BackupResponse::Made> MaintenanceClient::Backup(
    const v1::BackupRequest& request, const std::function<void(const v1::BackupResponse::Progress&)>& progress) {
  v1::BackupResponse::Made made;
  absl::Status status =
      impl_->Read<v1::BackupResponse>(&v1::Maintenance::Stub::Backup, request, [&](const v1::BackupResponse& response) {
        if (response.has_progress()) progress(response.progress());
        if (response.has_made()) made = response.made();
      });
  if (!status.ok()) return status;
  return made;
}

absl::StatusOr<v1::VerifyResponse::Progress> MaintenanceClient::Verify(
    const v1::VerifyRequest& request, const std::function<void(const v1::VerifyResponse::Finding&)>& finding,
    const std::function<void(const v1::VerifyResponse::Progress&)>& progress) {
  v1::VerifyResponse::Progress result;
  absl::Status status =
      impl_->Read<v1::VerifyResponse>(&v1::Maintenance::Stub::Verify, request, [&](const v1::VerifyResponse& response) {
        if (response.has_finding()) finding(response.finding());
        if (response.has_progress()) progress(response.progress());
        if (response.has_result()) result = response.result();
      });
  if (!status.ok()) return status;
  return result;
}

void MaintenanceClient::Cancel() { impl_->Cancel(); }

}  // namespace playhead
