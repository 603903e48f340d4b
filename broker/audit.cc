#include "broker/audit.h"

#include <boost/json.hpp>
#include <memory>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "playhead/v1/event_log.pb.h"
#include "storage/append_validator.h"

namespace playhead::broker {

void Audit::Record(const AuditEntry& entry, storage::StatusCallback done) {
  v1::AppendRequest request;
  request.set_instance(std::string(kAuditInstance));
  v1::Event& event = *request.add_events();
  event.set_type(entry.action);
  event.set_created_at(absl::ToUnixMicros(absl::Now()));
  event.set_data(boost::json::serialize(
      boost::json::object{{"actor", entry.actor}, {"subject", entry.subject}, {"detail", entry.detail}}));
  auto bytes = std::make_shared<const std::string>(request.SerializeAsString());
  const absl::string_view view = *bytes;
  auto batch = storage::ParseAppendRequest(view, std::move(bytes), storage::AppendLimits());
  if (!batch.ok()) return std::move(done)(batch.status());
  batch->despite_low_disk = true;
  // The callback shares ownership of the session: it may run before Append has returned.
  const std::shared_ptr<storage::AppendSession> session = log_.NewAppendSession();
  session->Append(*std::move(batch),
                  [session, done = std::move(done)](absl::StatusOr<storage::AppendResult> result) mutable {
                    std::move(done)(result.status());
                  });
}

}  // namespace playhead::broker
