#include "broker/append.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/auth/permission.h"

namespace playhead::broker {

using storage::AppendBatch;
using storage::AppendResult;

namespace {

void AppendToLog(const Core& core, AppendBatch batch, storage::Callback<AppendResult> done) {
  // The callback shares ownership of the session: it may run before Append has returned.
  const std::shared_ptr<storage::AppendSession> session = core.log.NewAppendSession();
  session->Append(std::move(batch), [session, done = std::move(done)](absl::StatusOr<AppendResult> result) mutable {
    std::move(done)(std::move(result));
  });
}

void ChargeInstance(const Core& core, AppendBatch batch, storage::Callback<AppendResult> done) {
  const std::string instance = batch.instance;
  const size_t bytes = batch.bytes.size();
  absl::Status status = core.instance_limits.Charge(instance, batch.events.size(), bytes);
  if (!status.ok()) return std::move(done)(std::move(status));
  core.instance_limits.CheckRoom(instance, bytes,
                                 [core, batch = std::move(batch), done = std::move(done)](absl::Status room) mutable {
                                   batch.refuse_new = std::move(room);
                                   AppendToLog(core, std::move(batch), std::move(done));
                                 });
}

}  // namespace

void Append(const Core& core, const std::shared_ptr<Caller>& caller, AppendBatch batch,
            storage::Callback<AppendResult> done) {
  absl::Status status = caller->Check(Permission::kAppend, batch.instance);
  if (status.ok()) status = caller->ChargeAppend(batch.events.size(), batch.bytes.size());
  if (!status.ok()) return std::move(done)(std::move(status));
  const std::string instance = batch.instance;
  caller->AdmitInstance(
      core.log, instance,
      [core, caller, batch = std::move(batch), done = std::move(done)](absl::Status admitted) mutable {
        if (!admitted.ok()) return std::move(done)(std::move(admitted));
        ChargeInstance(core, std::move(batch), std::move(done));
      });
}

}  // namespace playhead::broker
