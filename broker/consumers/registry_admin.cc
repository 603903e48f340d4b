// The operations of ConsumerRegistry that operators use: resets, the parked list, replays.
#include <algorithm>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "broker/audit.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/consumers/parked_list.h"
#include "broker/consumers/source_spans.h"
#include "proto/errors.h"

namespace playhead::broker {

namespace {

std::string Actor(const std::shared_ptr<Caller>& caller) { return caller == nullptr ? "" : caller->key_id(); }

std::string Describe(const ResetResult& result) {
  const auto text = [](const FeedPosition& position) {
    return position.commit == storage::CommitPosition()
               ? absl::StrCat(position.cursor.value())
               : absl::StrCat(position.commit.value(), "/", position.instance.value(), "/", position.cursor.value());
  };
  return absl::StrCat("from=", text(result.from), " to=", text(result.to), " again=", result.again.events,
                      " skipped=", result.skipped.events, " unparked=", result.unparked);
}

absl::Status CheckConfirmed(const ResetResult& result, const ConsumerRegistry::ResetOptions& options) {
  if (result.again.events <= options.again_max && result.skipped.events <= options.skipped_max) {
    return absl::OkStatus();
  }
  return MakeError(
      Reason::kResetUnconfirmed,
      absl::StrCat("the reset would bring ", result.again.events, " settled events again and skip ",
                   result.skipped.events, "; allowed are ", options.again_max, " and ", options.skipped_max));
}

void ResetBetween(const Core& core, const std::shared_ptr<Caller>& caller, std::shared_ptr<Consumer> consumer,
                  const FeedPosition& from, const FeedPosition& to, const SourceSpans& spans,
                  const ConsumerRegistry::ResetOptions& options, storage::Callback<ResetResult> done) {
  const ResetResult plan = consumer->PlanReset(from, to, spans);
  if (options.dry_run) return std::move(done)(plan);
  if (absl::Status status = CheckConfirmed(plan, options); !status.ok()) return std::move(done)(std::move(status));
  ParkedIndex::Cursors parked_after;  // Trimmed events are not redelivered, and stay parked.
  for (const auto& [instance, span] : spans.instances) parked_after.emplace(instance, span.to);
  const AuditEntry entry = {Actor(caller), "audit.consumer_reset", consumer->config().name, Describe(plan)};
  core.audit.Record(entry, [consumer = std::move(consumer), parked_after = std::move(parked_after), plan,
                            done = std::move(done)](absl::Status recorded) mutable {
    if (!recorded.ok()) return std::move(done)(std::move(recorded));
    consumer->Reset(plan.to, parked_after, [plan, done = std::move(done)](absl::Status status) mutable {
      if (!status.ok()) return std::move(done)(std::move(status));
      std::move(done)(plan);
    });
  });
}

}  // namespace

void ConsumerRegistry::Reset(std::shared_ptr<Caller> caller, std::string name, ConsumerStart start,
                             ResetOptions options, storage::Callback<ResetResult> done) {
  changes_.Add(std::move(done), [this, caller = std::move(caller), name = std::move(name), start = std::move(start),
                                 options](storage::Callback<ResetResult> finish) mutable {
    auto found = Find(caller, Permission::kManage, name);
    if (!found.ok()) return std::move(finish)(found.status());
    std::shared_ptr<Consumer> consumer = *std::move(found);
    const ConsumerConfig& config = consumer->config();
    ResolveConsumerStart(
        core_, caller, config, std::move(start),
        [this, caller, consumer, options, finish = std::move(finish)](absl::StatusOr<ResolvedStart> at) mutable {
          if (!at.ok()) return std::move(finish)(at.status());
          ResetTo(caller, std::move(consumer), *at, options, std::move(finish));
        });
  });
}

void ConsumerRegistry::ResetTo(const std::shared_ptr<Caller>& caller, std::shared_ptr<Consumer> consumer,
                               const ResolvedStart& at, ResetOptions options, storage::Callback<ResetResult> done) {
  const FeedPosition from = consumer->position();
  if (at.instance != nullptr) {
    SourceSpans spans;
    spans.instances.emplace(at.instance->number(),
                            InstanceSpan::Of(at.instance->bounds(), from.cursor, at.position.cursor));
    return ResetBetween(core_, caller, std::move(consumer), from, at.position, spans, options, std::move(done));
  }
  const ConsumerSource source = consumer->config().source;
  FindSourceSpans(core_, source, from, at.position, kResetInstancesMax,
                  [core = core_, caller, consumer = std::move(consumer), from, to = at.position, options,
                   done = std::move(done)](absl::StatusOr<SourceSpans> spans) mutable {
                    const absl::Status known = spans.ok() ? spans->unreadable : spans.status();
                    if (!known.ok()) return std::move(done)(known);
                    ResetBetween(core, caller, std::move(consumer), from, to, *spans, options, std::move(done));
                  });
}

void ConsumerRegistry::ListParked(std::shared_ptr<Caller> caller, std::string name, uint64_t after_number, size_t limit,
                                  storage::Callback<std::vector<ParkedRow>> done) {
  auto consumer = Find(caller, Permission::kSubscribe, name);
  if (!consumer.ok()) return std::move(done)(consumer.status());
  ReadParked(
      core_.log.records(), name, after_number, limit,
      [consumer = *std::move(consumer)](const ParkedRow& row) { return consumer->IsParked(row.number); },
      std::move(done));
}

void ConsumerRegistry::RequeueParked(std::shared_ptr<Caller> caller, std::string name, ParkedSelection selection,
                                     bool dry_run, storage::Callback<ParkedResult> done) {
  TakeParked(std::move(caller), std::move(name), std::move(selection), dry_run, Unpark::kRequeue, std::move(done));
}

void ConsumerRegistry::DropParked(std::shared_ptr<Caller> caller, std::string name, ParkedSelection selection,
                                  bool dry_run, storage::Callback<ParkedResult> done) {
  TakeParked(std::move(caller), std::move(name), std::move(selection), dry_run, Unpark::kDrop, std::move(done));
}

void ConsumerRegistry::TakeParked(std::shared_ptr<Caller> caller, std::string name, ParkedSelection selection,
                                  bool dry_run, Unpark what, storage::Callback<ParkedResult> done) {
  changes_.Add(
      std::move(done), [this, caller = std::move(caller), name = std::move(name), selection = std::move(selection),
                        dry_run, what](storage::Callback<ParkedResult> finish) mutable {
        auto found = Find(caller, Permission::kManage, name);
        if (!found.ok()) return std::move(finish)(found.status());
        std::shared_ptr<Consumer> consumer = *std::move(found);
        const size_t limit = selection.numbers.empty() ? selection.oldest : selection.numbers.size();
        auto wanted = [consumer, numbers = absl::flat_hash_set<uint64_t>(
                                     selection.numbers.begin(), selection.numbers.end())](const ParkedRow& row) {
          return (numbers.empty() || numbers.contains(row.number)) && consumer->IsParked(row.number);
        };
        ReadParked(core_.log.records(), name, 0, limit, std::move(wanted),
                   [this, caller, consumer, dry_run, what,
                    finish = std::move(finish)](absl::StatusOr<std::vector<ParkedRow>> rows) mutable {
                     if (!rows.ok()) return std::move(finish)(rows.status());
                     if (dry_run || rows->empty()) {
                       const uint64_t left = consumer->Info().parked_events - rows->size();
                       return std::move(finish)(ParkedResult{rows->size(), left});
                     }
                     TakeRows(caller, std::move(consumer), *std::move(rows), what, std::move(finish));
                   });
      });
}

void ConsumerRegistry::TakeRows(const std::shared_ptr<Caller>& caller, std::shared_ptr<Consumer> consumer,
                                std::vector<ParkedRow> rows, Unpark what, storage::Callback<ParkedResult> done) {
  const AuditEntry entry = {
      Actor(caller), what == Unpark::kRequeue ? "audit.parked_requeued" : "audit.parked_dropped",
      consumer->config().name,
      absl::StrCat("events=", rows.size(), " first=", rows.front().number, " last=", rows.back().number)};
  core_.audit.Record(entry, [consumer = std::move(consumer), rows = std::move(rows), what,
                             done = std::move(done)](absl::Status recorded) mutable {
    if (!recorded.ok()) return std::move(done)(std::move(recorded));
    const uint64_t taken = rows.size();
    consumer->Unpark(rows, what == Unpark::kRequeue,
                     [taken, done = std::move(done)](absl::StatusOr<uint64_t> left) mutable {
                       if (!left.ok()) return std::move(done)(left.status());
                       std::move(done)(ParkedResult{taken, *left});
                     });
  });
}

void ConsumerRegistry::Replay(ConsumerReplay replay, storage::Callback<ReplayOutcome> done) {
  const auto consumer = Find(nullptr, Permission::kManage, replay.consumer);
  if (!consumer.ok()) return std::move(done)(consumer.status());
  (*consumer)->Replay(std::move(replay), std::move(done));
}

void ConsumerRegistry::CancelReplay(const std::string& consumer, const std::string& replay_id) {
  if (const auto found = Find(nullptr, Permission::kManage, consumer); found.ok()) (*found)->CancelReplay(replay_id);
}

}  // namespace playhead::broker
