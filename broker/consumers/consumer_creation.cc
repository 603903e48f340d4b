#include "broker/consumers/consumer_creation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/audit.h"
#include "broker/consumers/consumer_rows.h"
#include "broker/open_instance.h"
#include "proto/errors.h"
#include "storage/event_filter.h"
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

void ResolveInStore(const Core& core, const ConsumerStart& start, storage::Callback<ResolvedStart> done) {
  auto found = [done = std::move(done)](absl::StatusOr<FeedPosition> position) mutable {
    if (!position.ok()) return std::move(done)(position.status());
    std::move(done)(ResolvedStart{nullptr, *position});
  };
  if (const auto* const after = std::get_if<AfterPosition>(&start)) {
    return core.log.CheckStorePosition(
        after->position, [position = after->position, found = std::move(found)](absl::Status status) mutable {
          found(status.ok() ? absl::StatusOr<FeedPosition>(position) : status);
        });
  }
  const StartPosition& position = std::get<StartPosition>(start);
  if (const auto* const time = std::get_if<FromTime>(&position)) {
    return core.log.FindTimeInStore(time->time, std::move(found));
  }
  if (std::holds_alternative<FromNow>(position)) return found(core.log.head_position());
  const auto* const after = std::get_if<AfterCursor>(&position);
  if (after != nullptr && after->cursor != Cursor()) {
    return found(
        MakeError(Reason::kPositionInvalid, "a consumer of many instances starts behind a token, not a cursor"));
  }
  found(FeedPosition());
}

}  // namespace

absl::Status CheckConsumerAccess(const std::shared_ptr<Caller>& caller, Permission permission,
                                 const ConsumerConfig& config) {
  if (caller == nullptr) return absl::OkStatus();
  if (std::any_of(config.types.begin(), config.types.end(), storage::IsHiddenType)) permission = Permission::kManage;
  const ConsumerSource& source = config.source;
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

void ResolveConsumerStart(const Core& core, const std::shared_ptr<Caller>& caller, const ConsumerConfig& config,
                          ConsumerStart start, storage::Callback<ResolvedStart> done) {
  if (!config.source.one_instance()) return ResolveInStore(core, start, std::move(done));
  auto* const position = std::get_if<StartPosition>(&start);
  if (position == nullptr) {
    return std::move(done)(
        MakeError(Reason::kPositionInvalid, "a consumer of one instance starts behind a cursor of it, not a token"));
  }
  OpenInstance(core.log, caller.get(), config.source.name,
               [core, start = std::move(*position), allow_gap = config.allow_gap,
                done = std::move(done)](absl::StatusOr<InstancePtr> instance) mutable {
                 if (!instance.ok()) return std::move(done)(instance.status());
                 ResolveInInstance(core, *std::move(instance), start, allow_gap, std::move(done));
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
  auto store = [core, stored = std::move(stored), state = std::move(state),
                done = std::move(done)](absl::Status recorded) mutable {
    if (!recorded.ok()) return std::move(done)(std::move(recorded));
    std::vector<storage::RecordChange> rows = StateRows(stored.config.name, state, 0);
    rows.push_back(ConfigRow(stored));
    core.log.records().Write(std::move(rows), [core, stored = std::move(stored), state = std::move(state),
                                               done = std::move(done)](absl::Status written) mutable {
      if (!written.ok()) return std::move(done)(std::move(written));
      std::move(done)(std::make_shared<Consumer>(core, std::move(stored), std::move(state), ParkedIndex(), 1));
    });
  };
  if (caller == nullptr) return store(absl::OkStatus());
  core.audit.Record(entry, std::move(store));
}

}  // namespace playhead::broker
