// MaintenanceClient: makes a broker back up its store, or verify it. docs/operating.md explains both.
#ifndef PLAYHEAD_CLIENT_MAINTENANCE_CLIENT_H_
#define PLAYHEAD_CLIENT_MAINTENANCE_CLIENT_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "client/options.h"
#include "playhead/v1/maintenance.pb.h"

namespace playhead {

// Thread safety: all methods may be called from any thread. Callbacks run on the calling thread.
// Blocking: until the work is done, however long that takes, or Cancel. Each call is one attempt.
// Errors: as maintenance.proto says; statuses carry the broker's reason (proto/errors.h).
class MaintenanceClient {
 public:
  // Does not connect yet.   InvalidArgument  an option is out of range; the message says which.
  static absl::StatusOr<MaintenanceClient> Create(const ClientOptions& options);

  absl::StatusOr<v1::BackupResponse::Made> Backup(
      const v1::BackupRequest& request, const std::function<void(const v1::BackupResponse::Progress&)>& progress);

  // Findings are not an error.
  absl::StatusOr<v1::VerifyResponse::Progress> Verify(
      const v1::VerifyRequest& request, const std::function<void(const v1::VerifyResponse::Finding&)>& finding,
      const std::function<void(const v1::VerifyResponse::Progress&)>& progress);

  // Ends the running call and all later ones with Cancelled; the broker stops its work.
  void Cancel();

 private:
  class Impl;
  explicit MaintenanceClient(std::shared_ptr<Impl> impl);

  std::shared_ptr<Impl> impl_;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_MAINTENANCE_CLIENT_H_
