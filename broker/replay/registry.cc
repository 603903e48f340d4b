#include "broker/replay/registry.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "broker/audit.h"
#include "broker/auth/permission.h"
#include "broker/log.h"
#include "broker/random.h"
#include "broker/replay/consumer_target.h"
#include "broker/replay/endpoint_target.h"
#include "broker/replay/http_poster.h"
#include "broker/replay/limits.h"
#include "broker/replay/selection.h"
#include "proto/errors.h"

namespace playhead::broker::replay {
namespace {

// The prefix of Replay.target for a consumer; no URL starts with it.
constexpr absl::string_view kConsumerPrefix = "consumer:";

std::string NewId() { return absl::StrCat("r", RandomBase32(12)); }

bool MaySee(const v1::Replay& replay, const Caller& caller) {
  return replay.actor() == caller.key_id() || caller.CheckAll(Permission::kManage).ok();
}

absl::Status NotFound(const std::string& id) {
  return MakeError(Reason::kReplayNotFound, absl::StrCat("there is no replay ", id));
}

std::string AuditDetail(const store::v1::ReplayRecord& record, const Tally& tally) {
  v1::ReplayPlan plan;
  tally.WriteTo(plan);
  const v1::Replay& replay = record.replay();
  return absl::StrFormat("replay=%s events=%d instances=%d from=%s to=%s target=%s rate=%d", replay.id(),
                         plan.event_count(), replay.instance_count(),
                         absl::FormatTime(absl::FromUnixMicros(plan.first_appended_at()), absl::UTCTimeZone()),
                         absl::FormatTime(absl::FromUnixMicros(plan.last_appended_at()), absl::UTCTimeZone()),
                         replay.target().empty() ? "caller" : replay.target(), replay.rate());
}

// The instances of a replay, for the audit log.
std::string SubjectOf(const v1::Replay& replay) {
  const std::string shown = absl::StrJoin(replay.instances(), ",");
  const int more = static_cast<int>(replay.instance_count()) - replay.instances_size();
  return more > 0 ? absl::StrCat(shown, " and ", more, " more") : shown;
}

void FillRecord(const v1::StartReplayRequest& request, const std::string& actor, const std::vector<Range>& ranges,
                uint64_t planned_count, store::v1::ReplayRecord& record) {
  v1::Replay& replay = *record.mutable_replay();
  replay.set_id(NewId());
  replay.set_state(v1::Replay::RUNNING);
  replay.set_actor(actor);
  replay.set_target(request.has_consumer() ? absl::StrCat(kConsumerPrefix, request.consumer())
                                           : request.endpoint().url());
  replay.set_rate(request.rate() == 0 ? kRateDefault : request.rate());
  *replay.mutable_types() = request.types();
  replay.set_id_prefix(request.id_prefix());
  for (const Range& range : ranges) {
    if (replay.instances_size() < kInstancesShownMax) replay.add_instances(range.instance);
  }
  replay.set_instance_count(static_cast<uint32_t>(ranges.size()));
  replay.set_planned_count(planned_count);
  replay.set_created_at(absl::ToUnixMicros(absl::Now()));
  if (request.has_endpoint()) *record.mutable_endpoint() = request.endpoint();
  if (request.has_consumer()) record.set_consumer(request.consumer());
  if (request.has_caller()) {
    record.mutable_caller();
    replay.set_state(v1::Replay::HANDED_TO_CALLER);
    replay.set_ended_at(replay.created_at());
  }
}

absl::string_view ActionOf(Registry::Change change) {
  switch (change) {
    case Registry::Change::kPause:
      return "audit.replay_paused";
    case Registry::Change::kResume:
      return "audit.replay_resumed";
    case Registry::Change::kCancel:
      break;
  }
  return "audit.replay_cancelled";
}

}  // namespace

// The state of a replay from the request until it is written.
struct Registry::Starting {
  v1::StartReplayRequest request;
  std::shared_ptr<Caller> caller;
  storage::Callback<v1::Replay> done;
  store::v1::ReplayRecord record;
  std::vector<Range> ranges;
  Tally planned;
};

absl::StatusOr<std::unique_ptr<Registry>> Registry::Open(const Core& core, const webhook::SecretStore& secrets,
                                                         ConsumerRegistry& consumers, Options options) {
  std::shared_ptr<boost::asio::ssl::context> tls;
  // Only if needed: reading all authorities of the system would take a large part of the broker's start.
  if (options.endpoints.MayUseTls() || !options.ca_file.empty()) {
    auto made = MakePosterContext(options.ca_file);
    if (!made.ok()) return made.status();
    tls = *std::move(made);
  }
  std::unique_ptr<Registry> registry(new Registry(core, secrets, consumers, std::move(options), std::move(tls)));
  if (absl::Status status = registry->Load(); !status.ok()) return status;
  return registry;
}

Registry::Registry(const Core& core, const webhook::SecretStore& secrets, ConsumerRegistry& consumers, Options options,
                   std::shared_ptr<boost::asio::ssl::context> tls)
    : core_(core), secrets_(secrets), consumers_(consumers), options_(std::move(options)), tls_(std::move(tls)) {}

Registry::~Registry() = default;

absl::Status Registry::Load() {
  auto stored = LoadReplays(core_.log.records());
  if (!stored.ok()) return stored.status();
  absl::MutexLock lock(&mu_);
  std::sort(stored->begin(), stored->end(), [](const StoredReplay& a, const StoredReplay& b) {
    return a.record.replay().ended_at() < b.record.replay().ended_at();
  });
  for (StoredReplay& replay : *stored) {
    if (replay.record.replay().ended_at() != 0) {
      Remember(*replay.record.mutable_replay());
      continue;
    }
    const std::string id = replay.record.replay().id();
    v1::Replay& described = *replay.record.mutable_replay();
    // A target that was allowed before may not be allowed any more. Then the replay is paused until the operator allows
    // it and resumes the replay.
    if (absl::Status status = CheckAllowed(described); !status.ok() && described.state() == v1::Replay::RUNNING) {
      LogWarning("replay_paused", absl::StrCat("replay=", id), status);
      described.set_state(v1::Replay::PAUSED);
      described.set_problem(absl::StrCat(ToProto(status).code(), ": ", std::string(status.message())));
    }
    auto job = MakeJob(replay.record, std::move(replay.ranges));
    if (!job.ok()) return job.status();
    open_.emplace(id, *job);
    (*job)->Run();
  }
  core_.metrics.replays.Set(static_cast<double>(open_.size()));
  return absl::OkStatus();
}

absl::Status Registry::CheckAllowed(const v1::Replay& replay) const {
  if (absl::StartsWith(replay.target(), kConsumerPrefix)) return absl::OkStatus();
  const auto endpoint = ParseEndpoint(replay.target());
  return endpoint.ok() ? options_.endpoints.Check(*endpoint) : endpoint.status();
}

absl::StatusOr<std::shared_ptr<Job>> Registry::MakeJob(const store::v1::ReplayRecord& record,
                                                       std::vector<Range> ranges) {
  auto filter = ToFilter(record.replay().types(), record.replay().id_prefix());
  if (!filter.ok()) return filter.status();
  auto target = MakeTarget(record);
  if (!target.ok()) return target.status();
  return std::make_shared<Job>(core_, record, std::move(ranges), *std::move(filter), *std::move(target),
                               [this, id = record.replay().id()] { OnEnded(id); });
}

absl::StatusOr<std::shared_ptr<Target>> Registry::MakeTarget(const store::v1::ReplayRecord& record) {
  const std::string& id = record.replay().id();
  if (record.has_consumer()) return std::make_shared<ConsumerTarget>(record.consumer(), id, consumers_);
  auto endpoint = ParseEndpoint(record.endpoint().url());
  if (!endpoint.ok()) return endpoint.status();
  auto poster = std::make_shared<HttpPoster>(thread_, *endpoint, tls_, options_.endpoints.OnlyLoopback(*endpoint));
  return std::make_shared<EndpointTarget>(
      EndpointTarget::Options{.replay_id = id, .endpoint = *endpoint, .sign = record.endpoint().sign()},
      std::move(poster), core_.timers, secrets_);
}

absl::Status Registry::BeginCounting() {
  absl::MutexLock lock(&mu_);
  if (stopped_) return MakeError(Reason::kShuttingDown, "the broker is stopping");
  if (counting_ >= kPlansMax) {
    return MakeError(Reason::kReplaysLimit,
                     absl::StrCat(kPlansMax, " plans are being made already: try again shortly"));
  }
  ++counting_;
  return absl::OkStatus();
}

void Registry::EndCounting() {
  absl::MutexLock lock(&mu_);
  --counting_;
}

Counting Registry::Plan(const v1::PlanReplayRequest& request, std::shared_ptr<Caller> caller,
                        storage::Callback<v1::ReplayPlan> done) {
  auto selection = ToSelection(request, std::move(caller));
  absl::Status status = selection.status();
  if (status.ok()) status = BeginCounting();
  if (!status.ok()) {
    std::move(done)(status);
    return nullptr;
  }
  return Planner::Plan(core_.log, *std::move(selection),
                       [this, done = std::move(done)](absl::StatusOr<Planned> planned) mutable {
                         EndCounting();
                         if (!planned.ok()) return std::move(done)(planned.status());
                         v1::ReplayPlan plan;
                         planned->tally.WriteTo(plan);
                         WriteRanges(planned->ranges, plan);
                         std::move(done)(std::move(plan));
                       });
}

Counting Registry::Start(v1::StartReplayRequest request, std::shared_ptr<Caller> caller,
                         storage::Callback<v1::Replay> done) {
  auto starting = std::make_shared<Starting>();
  starting->request = std::move(request);
  starting->caller = std::move(caller);
  starting->done = std::move(done);
  auto ranges = ToRanges(starting->request, *starting->caller);
  auto filter = ToFilter(starting->request.types(), starting->request.id_prefix());
  absl::Status status = ranges.status();
  if (status.ok()) status = filter.status();
  if (status.ok()) status = CheckTarget(starting->request, *ranges);
  if (status.ok()) status = BeginCounting();
  if (!status.ok()) {
    std::move(starting->done)(status);
    return nullptr;
  }
  return Planner::Recount(core_.log, *std::move(ranges), *std::move(filter),
                          [this, starting](absl::StatusOr<Planned> planned) {
                            EndCounting();
                            OnCounted(starting, std::move(planned));
                          });
}

absl::Status Registry::CheckTarget(const v1::StartReplayRequest& request, const std::vector<Range>& ranges) const {
  if (request.rate() > kRateMax) {
    return MakeError(Reason::kReplayInvalid,
                     absl::StrCat("`rate` is 1 to ", kRateMax, " events a second, or 0 for ", kRateDefault));
  }
  if (request.has_caller() || request.has_consumer()) return absl::OkStatus();
  if (!request.has_endpoint())
    return MakeError(Reason::kReplayInvalid, "say who gets the events: `endpoint`, `consumer` or `caller`");
  const auto endpoint = ParseEndpoint(request.endpoint().url());
  if (!endpoint.ok()) return endpoint.status();
  if (absl::Status status = options_.endpoints.Check(*endpoint); !status.ok()) return status;
  if (!request.endpoint().sign()) return absl::OkStatus();
  for (const Range& range : ranges) {
    if (FindAppSecret(secrets_, range.instance).has_value()) continue;
    return MakeError(Reason::kWebhookSecretMissing, absl::StrCat("no secret to sign with is set for ", range.instance));
  }
  return absl::OkStatus();
}

void Registry::OnCounted(const std::shared_ptr<Starting>& starting, absl::StatusOr<Planned> planned) {
  absl::Status status = planned.status();
  const v1::StartReplayRequest& request = starting->request;
  if (status.ok() && planned->tally.event_count() != request.expected_count()) {
    status = MakeError(Reason::kReplayPlanChanged,
                       absl::StrCat("there are ", planned->tally.event_count(), " events, and expected_count is ",
                                    request.expected_count(), ": plan again"));
  }
  if (status.ok()) status = ReserveOpen();
  if (!status.ok()) return std::move(starting->done)(status);
  starting->ranges = std::move(planned->ranges);
  FillRecord(request, starting->caller->key_id(), starting->ranges, planned->tally.event_count(), starting->record);
  starting->planned = std::move(planned->tally);
  if (!request.has_consumer()) return Record(starting);
  consumers_.Get(starting->caller, request.consumer(), [this, starting](absl::StatusOr<ConsumerInfo> found) {
    if (!found.ok()) return FailStart(*starting, found.status());
    Record(starting);
  });
}

void Registry::Record(const std::shared_ptr<Starting>& starting) {
  // Nothing is sent or written before the audit log records who requested it.
  core_.audit.Record({.actor = starting->caller->key_id(),
                      .action = "audit.replay_started",
                      .subject = SubjectOf(starting->record.replay()),
                      .detail = AuditDetail(starting->record, starting->planned)},
                     [this, starting](absl::Status recorded) {
                       if (!recorded.ok()) return FailStart(*starting, recorded);
                       Write(starting);
                     });
}

absl::Status Registry::ReserveOpen() {
  absl::MutexLock lock(&mu_);
  if (stopped_) return MakeError(Reason::kShuttingDown, "the broker is stopping");
  if (open_.size() + starting_ >= kOpenMax) {
    return MakeError(Reason::kReplaysLimit,
                     absl::StrCat(kOpenMax, " replays have not ended: wait for one, or cancel one"));
  }
  ++starting_;
  return absl::OkStatus();
}

void Registry::Write(const std::shared_ptr<Starting>& starting) {
  const bool is_open = starting->record.replay().ended_at() == 0;
  core_.log.records().Write(
      NewChanges(starting->record, is_open ? absl::MakeConstSpan(starting->ranges) : absl::Span<const Range>()),
      [this, starting](absl::Status status) {
        if (!status.ok()) return FailStart(*starting, status);
        OnWritten(*starting);
      });
}

void Registry::OnWritten(Starting& starting) {
  v1::Replay replay = starting.record.replay();
  std::shared_ptr<Job> job;
  if (replay.ended_at() == 0) {
    auto made = MakeJob(starting.record, std::move(starting.ranges));
    if (!made.ok()) return FailStart(starting, made.status());
    job = *std::move(made);
  }
  bool runs = false;
  {
    absl::MutexLock lock(&mu_);
    --starting_;
    runs = job != nullptr && !stopped_;  // Otherwise the replay continues at the next start of the broker.
    if (runs) open_.emplace(replay.id(), job);
    if (job == nullptr) Remember(replay);
    core_.metrics.replays.Set(static_cast<double>(open_.size()));
  }
  if (runs) job->Run();
  std::move(starting.done)(std::move(replay));
}

void Registry::FailStart(Starting& starting, absl::Status status) {
  {
    absl::MutexLock lock(&mu_);
    --starting_;
  }
  std::move(starting.done)(std::move(status));
}

absl::StatusOr<v1::Replay> Registry::Get(const std::string& id, const Caller& caller) const {
  for (v1::Replay& replay : List(caller)) {
    if (replay.id() == id) return std::move(replay);
  }
  return NotFound(id);
}

std::vector<v1::Replay> Registry::List(const Caller& caller) const {
  std::vector<v1::Replay> all;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [id, job] : open_) all.push_back(job->Describe());
    const int64_t oldest = absl::ToUnixMicros(absl::Now() - kEndedKept);
    for (const v1::Replay& replay : ended_) {
      if (replay.ended_at() >= oldest) all.push_back(replay);
    }
  }
  all.erase(std::remove_if(all.begin(), all.end(), [&caller](const auto& replay) { return !MaySee(replay, caller); }),
            all.end());
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.created_at() > b.created_at(); });
  return all;
}

void Registry::Apply(Change change, const std::string& id, const Caller& caller, storage::Callback<v1::Replay> done) {
  const absl::StatusOr<v1::Replay> replay = Get(id, caller);
  absl::Status status = replay.status();
  std::shared_ptr<Job> job;
  if (status.ok()) {
    absl::MutexLock lock(&mu_);
    const auto found = open_.find(id);
    if (found != open_.end()) {
      job = found->second;
    } else {
      status = MakeError(Reason::kReplayEnded, absl::StrCat("the replay ", id, " has ended"));
    }
  }
  if (status.ok() && change == Change::kResume) status = CheckAllowed(*replay);
  if (!status.ok()) return std::move(done)(status);
  core_.audit.Record({.actor = caller.key_id(),
                      .action = std::string(ActionOf(change)),
                      .subject = SubjectOf(*replay),
                      .detail = absl::StrCat("replay=", id)},
                     [change, job, done = std::move(done)](absl::Status recorded) mutable {
                       if (!recorded.ok()) return std::move(done)(recorded);
                       storage::StatusCallback answer = [job, done = std::move(done)](absl::Status written) mutable {
                         if (!written.ok()) return std::move(done)(written);
                         std::move(done)(job->Describe());
                       };
                       if (change == Change::kPause) return job->Pause(std::move(answer));
                       if (change == Change::kResume) return job->Resume(std::move(answer));
                       job->Cancel(std::move(answer));
                     });
}

void Registry::OnEnded(const std::string& id) {
  absl::MutexLock lock(&mu_);
  const auto found = open_.find(id);
  if (found == open_.end()) return;
  v1::Replay replay = found->second->Describe();
  Log().info("event=replay_ended replay={} state={} sent={} skipped={} gone={}", id,
             v1::Replay::State_Name(replay.state()), replay.sent_count(), replay.skipped_count(), replay.gone_count());
  Remember(std::move(replay));
  open_.erase(found);
  core_.metrics.replays.Set(static_cast<double>(open_.size()));
}

void Registry::Remember(v1::Replay replay) {
  ended_.push_back(std::move(replay));
  const int64_t oldest = absl::ToUnixMicros(absl::Now() - kEndedKept);
  std::vector<storage::RecordChange> forgotten;
  while (ended_.size() > kEndedMax || ended_.front().ended_at() < oldest) {
    forgotten.push_back(ForgetChange(ended_.front().id()));
    ended_.erase(ended_.begin());
    if (ended_.empty()) break;
  }
  // If this write fails, the next start will find them too old again.
  if (!forgotten.empty()) core_.log.records().Write(std::move(forgotten), [](absl::Status) {});
}

void Registry::Stop() {
  std::vector<std::shared_ptr<Job>> jobs;
  {
    absl::MutexLock lock(&mu_);
    stopped_ = true;
    for (const auto& [id, job] : open_) jobs.push_back(job);
  }
  for (const auto& job : jobs) job->Stop();
  thread_.AbortAllAndJoin();
  for (const auto& job : jobs) job->SaveProgress();
}

}  // namespace playhead::broker::replay
