#include "broker/consumers/consumer_creation.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/audit.h"
#include "broker/consumers/consumer_rows.h"
#include "proto/errors.h"
#include "storage/record_store.h"

namespace playhead::broker {

using storage::Cursor;
using storage::Instance;

namespace {

using InstancePtr = std::shared_ptr<Instance>;

std::string Describe(const ConsumerConfig& config) {
  switch (config.source.kind) {
    case ConsumerSource::Kind::kInstance:
      return absl::StrCat("instance=", config.source.name);
    case ConsumerSource::Kind::kPrefix:
      return absl::StrCat("prefix=", config.source.name);
    case ConsumerSource::Kind::kAll:
      break;
  }
  return "all";
}

void ResolveInInstance(const Core& core, InstancePtr instance, const StartPosition& start, bool allow_gap,
                       storage::Callback<ResolvedStart> done) {
  const bool from_client = std::holds_alternative<AfterCursor>(start);
  auto resolved = [instance, allow_gap, from_client, done = std::move(done)](absl::StatusOr<Cursor> after) mutable {
    if (!after.ok()) return std::move(done)(after.status());
    if (from_client) {
      const auto gap = CheckPosition(instance->bounds(), *after, allow_gap);
      if (!gap.ok()) return std::move(done)(gap.status());
    }
    ResolvedStart found;
    found.instance = std::move(instance);
    found.position.cursor = *after;
    std::move(done)(std::move(found));
  };
  ResolveStart(core.log, instance, start, std::move(resolved));
}

void OpenAndResolve(const Core& core, const ConsumerConfig& config, StartPosition start,
                    storage::Callback<ResolvedStart> done) {
  core.log.OpenInstance(config.source.name, storage::OpenMode::kCreateIfPermitted,
                        [core, start = std::move(start), allow_gap = config.allow_gap,
                         done = std::move(done)](absl::StatusOr<InstancePtr> instance) mutable {
                          if (!instance.ok()) return std::move(done)(instance.status());
                          ResolveInInstance(core, *std::move(instance), start, allow_gap, std::move(done));
                        });
}

}  // namespace

absl::Status CheckConsumerSource(const std::shared_ptr<Caller>& caller, Permission permission,
                                 const ConsumerSource& source) {
  if (caller == nullptr) return absl::OkStatus();
  switch (source.kind) {
    case ConsumerSource::Kind::kInstance:
      return caller->Check(permission, source.name);
    case ConsumerSource::Kind::kPrefix:
      return caller->CheckPrefix(permission, source.name);
    case ConsumerSource::Kind::kAll:
      break;
  }
  return caller->CheckAll(permission);
}

void ResolveConsumerStart(const Core& core, std::shared_ptr<Caller> caller, const ConsumerConfig& config,
                          ConsumerStart start, storage::Callback<ResolvedStart> done) {
  if (!config.source.one_instance()) {
    return std::move(done)(MakeError(Reason::kConsumerInvalid, "consumers of many instances are not served yet"));
  }
  auto* const position = std::get_if<StartPosition>(&start);
  if (position == nullptr) {
    return std::move(done)(
        MakeError(Reason::kConsumerInvalid, "a consumer of one instance starts behind a cursor of it, not a token"));
  }
  if (caller == nullptr) return OpenAndResolve(core, config, *position, std::move(done));
  caller->AdmitInstance(
      core.log, config.source.name,
      [core, caller, config, position = *position, done = std::move(done)](absl::Status status) mutable {
        if (!status.ok()) return std::move(done)(std::move(status));
        OpenAndResolve(core, config, position, std::move(done));
      });
}

void StoreConsumer(const Core& core, const std::shared_ptr<Caller>& caller, ConsumerConfig config, ResolvedStart start,
                   storage::Callback<std::shared_ptr<Consumer>> done) {
  StoredConfig stored;
  stored.config = std::move(config);
  if (start.instance != nullptr) stored.instance = start.instance->number();
  stored.created_at = storage::Timestamp::Now();
  StoredState state;
  state.snapshot.position = start.position;
  const AuditEntry entry = {caller == nullptr ? "" : caller->key_id(), "audit.consumer_created", stored.config.name,
                            Describe(stored.config)};
  core.audit.Record(entry, [core, stored = std::move(stored), state = std::move(state),
                            done = std::move(done)](absl::Status recorded) mutable {
    if (!recorded.ok()) return std::move(done)(std::move(recorded));
    std::vector<storage::RecordChange> rows = StateRows(stored.config.name, state, 0);
    rows.push_back(ConfigRow(stored));
    core.log.records().Write(std::move(rows), [core, stored = std::move(stored), state = std::move(state),
                                               done = std::move(done)](absl::Status written) mutable {
      if (!written.ok()) return std::move(done)(std::move(written));
      std::move(done)(std::make_shared<Consumer>(core, std::move(stored), std::move(state), 1));
    });
  });
}

}  // namespace playhead::broker
