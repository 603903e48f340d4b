#include "broker/consumers/consumer_registry.h"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/audit.h"
#include "broker/consumers/consumer_rows.h"
#include "broker/consumers/parked_index.h"
#include "broker/consumers/parked_list.h"
#include "broker/consumers/source_spans.h"
#include "broker/settings/stored_records.h"
#include "proto/errors.h"
#include "storage/await.h"
#include "storage/record_store.h"

namespace playhead::broker {

using storage::Record;
using storage::RecordSpace;

namespace {

absl::Status NoSuchConsumer() { return MakeError(Reason::kConsumerNotFound, "there is no consumer of this name"); }

// The name of the consumer that owns the row.
std::string RowOwner(absl::string_view key, absl::string_view prefix) {
  key.remove_prefix(prefix.size());
  return std::string(key.substr(0, key.find('/')));
}

bool IsFiltered(const ConsumerConfig& config) { return !config.types.empty() || !config.id_prefix.empty(); }

// Computes the lags one after another. Not thread-safe.
class LagCount : public std::enable_shared_from_this<LagCount> {
 public:
  LagCount(const Core& core, std::vector<ConsumerInfo> infos, storage::Callback<std::vector<ConsumerInfo>> done)
      : core_(core), infos_(std::move(infos)), done_(std::move(done)) {}

  void Next() {
    if (next_ == infos_.size()) return std::move(done_)(std::move(infos_));
    const ConsumerInfo& info = infos_[next_];
    if (info.config.source.one_instance()) {
      return core_.log.GetInstance(
          info.config.source.name,
          [self = shared_from_this()](absl::StatusOr<storage::InstanceInfo> instance) { self->OnInstance(instance); });
    }
    FindSourceSpans(core_, info.config.source, info.position, core_.log.head_position(), instances_left_,
                    [self = shared_from_this()](absl::StatusOr<SourceSpans> spans) { self->OnSpans(spans); });
  }

 private:
  void OnInstance(const absl::StatusOr<storage::InstanceInfo>& instance) {
    ConsumerInfo& info = infos_[next_];
    if (instance.ok() && instance->bounds->head > info.position.cursor) {
      const storage::LogBounds& bounds = *instance->bounds;
      const uint64_t settled = std::max(info.position.cursor.sequence(), bounds.BeforeFirst().sequence());
      info.lag.events = bounds.head.sequence() - settled;
    }
    End(instance.ok() || absl::IsNotFound(instance.status()));
  }

  void OnSpans(const absl::StatusOr<SourceSpans>& spans) {
    if (!spans.ok()) return std::move(done_)(spans.status());
    instances_left_ -= std::min(instances_left_, spans->instances.size() + spans->unreadable_count);
    for (const auto& [instance, span] : spans->instances) {
      if (span.to > span.from) infos_[next_].lag.events += span.to.sequence() - span.from.sequence();
    }
    End(spans->complete && spans->unreadable.ok());
  }

  void End(bool complete) {
    ConsumerInfo& info = infos_[next_];
    const bool filtered = IsFiltered(info.config);
    if (complete) {
      info.lag.kind = filtered ? EventCount::Kind::kAtMost : EventCount::Kind::kExact;
    } else {
      // How many of the counted events pass the filter is unknown.
      info.lag = {filtered ? 0 : info.lag.events, EventCount::Kind::kAtLeast};
    }
    ++next_;
    Next();
  }

  const Core core_;
  std::vector<ConsumerInfo> infos_;
  storage::Callback<std::vector<ConsumerInfo>> done_;
  size_t next_ = 0;
  size_t instances_left_ = kLagInstancesMax;
};

void AddLags(const Core& core, std::vector<ConsumerInfo> infos, storage::Callback<std::vector<ConsumerInfo>> done) {
  std::make_shared<LagCount>(core, std::move(infos), std::move(done))->Next();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ConsumerRegistry>> ConsumerRegistry::Load(const Core& core) {
  std::unique_ptr<ConsumerRegistry> registry(new ConsumerRegistry(core));
  if (absl::Status status = registry->LoadAll(); !status.ok()) return status;
  return registry;
}

absl::Status ConsumerRegistry::LoadAll() {
  storage::RecordStore& records = core_.log.records();
  std::vector<StoredConfig> configs;
  absl::Status status = ForEachRecord(records, RecordSpace::kConsumers, kConsumerConfigRows, [&](const Record& row) {
    auto config = ParseConfigRow(row);
    if (config.ok()) configs.push_back(*std::move(config));
    return config.status();
  });
  if (!status.ok()) return status;
  for (const StoredConfig& config : configs) {
    if (!config.deleted) continue;
    status = storage::AwaitStatus([&](auto done) { DeleteConsumerRows(records, config, std::move(done)); });
    if (!status.ok()) return status;
  }
  struct Loaded {
    std::vector<Record> rows;
    StoredState state;
    ParkedIndex parked;
  };
  std::map<std::string, Loaded> loaded;
  status = ForEachRecord(records, RecordSpace::kConsumers, kConsumerStateRows, [&](Record& row) {
    loaded[RowOwner(row.key, kConsumerStateRows)].rows.push_back(std::move(row));
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  for (auto& [name, consumer] : loaded) {
    auto state = ParseStateRows(consumer.rows);
    if (!state.ok()) return state.status();
    consumer.state = *std::move(state);
  }
  status = ForEachRecord(records, RecordSpace::kConsumers, kParkedRows, [&](const Record& row) {
    auto parked = ParseParkedRow(row);
    if (!parked.ok()) return parked.status();
    Loaded& consumer = loaded[RowOwner(row.key, kParkedRows)];
    // An event has one row. A second one is not listed, and its row is deleted.
    NumberSet& gone = consumer.state.unparked;
    if (!gone.Contains(parked->number) && !consumer.parked.Add(*parked)) gone.Insert(parked->number);
    return absl::OkStatus();
  });
  if (!status.ok()) return status;
  for (StoredConfig& config : configs) {
    if (config.deleted) continue;
    Loaded& consumer = loaded[config.config.name];
    if (consumer.rows.empty()) return absl::DataLossError(absl::StrCat(config.config.name, " has no stored state"));
    Add(std::make_shared<Consumer>(core_, std::move(config), std::move(consumer.state), std::move(consumer.parked),
                                   consumer.rows.size()));
  }
  return absl::OkStatus();
}

void ConsumerRegistry::Add(std::shared_ptr<Consumer> consumer) {
  absl::MutexLock lock(&mu_);
  const std::string& name = consumer->config().name;
  if (stopping_) consumer->BeginStop();
  if (IsSessionName(name)) ++sessions_;
  consumers_.emplace(name, std::move(consumer));
}

absl::StatusOr<std::shared_ptr<Consumer>> ConsumerRegistry::Find(const std::shared_ptr<Caller>& caller,
                                                                 Permission permission, const std::string& name) const {
  std::shared_ptr<Consumer> consumer;
  {
    absl::MutexLock lock(&mu_);
    const auto found = consumers_.find(name);
    if (found == consumers_.end()) return NoSuchConsumer();
    consumer = found->second;
  }
  if (absl::Status status = CheckConsumerAccess(caller, permission, consumer->config()); !status.ok()) {
    return status;
  }
  return consumer;
}

void ConsumerRegistry::Create(std::shared_ptr<Caller> caller, ConsumerConfig config, ConsumerStart start,
                              storage::Callback<Created> done) {
  if (absl::Status status = CheckConsumerConfig(config); !status.ok()) return std::move(done)(std::move(status));
  if (caller != nullptr && IsSessionName(config.name)) {
    return std::move(done)(
        MakeError(Reason::kConsumerInvalid, "names that begin with `session.` are the broker's own: take another"));
  }
  if (absl::Status status = CheckConsumerAccess(caller, Permission::kSubscribe, config); !status.ok()) {
    return std::move(done)(std::move(status));
  }
  changes_.Add(std::move(done), [this, caller = std::move(caller), config = std::move(config),
                                 start = std::move(start)](storage::Callback<Created> finish) mutable {
    {
      absl::ReleasableMutexLock lock(&mu_);
      if (const auto found = consumers_.find(config.name); found != consumers_.end()) {
        const std::shared_ptr<Consumer> consumer = found->second;
        lock.Release();
        if (consumer->config() == config) return std::move(finish)(Created{consumer->Info(), false});
        return std::move(finish)(MakeError(Reason::kConsumerExists,
                                           "there is a consumer of this name with another configuration: delete that, "
                                           "or take another name"));
      }
      if (!IsSessionName(config.name) && consumers_.size() - sessions_ >= core_.limits.consumers_max) {
        lock.Release();
        return std::move(finish)(MakeError(
            Reason::kConsumersLimit,
            absl::StrCat("there are ", core_.limits.consumers_max, " consumers, as many as may be: delete some")));
      }
    }
    ResolveConsumerStart(
        core_, caller, config, std::move(start),
        [this, caller, config, finish = std::move(finish)](absl::StatusOr<ResolvedStart> at) mutable {
          if (!at.ok()) return std::move(finish)(at.status());
          StoreConsumer(core_, caller, config, *std::move(at),
                        [this, finish = std::move(finish)](absl::StatusOr<std::shared_ptr<Consumer>> consumer) mutable {
                          if (!consumer.ok()) return std::move(finish)(consumer.status());
                          Add(*consumer);
                          std::move(finish)(Created{(*consumer)->Info(), true});
                        });
        });
  });
}

void ConsumerRegistry::Get(std::shared_ptr<Caller> caller, std::string name, storage::Callback<ConsumerInfo> done) {
  const auto consumer = Find(caller, Permission::kSubscribe, name);
  if (!consumer.ok()) return std::move(done)(consumer.status());
  AddLags(core_, {(*consumer)->Info()},
          [done = std::move(done)](absl::StatusOr<std::vector<ConsumerInfo>> infos) mutable {
            if (!infos.ok()) return std::move(done)(infos.status());
            std::move(done)(std::move(infos->front()));
          });
}

void ConsumerRegistry::List(std::shared_ptr<Caller> caller, std::string prefix, std::string after_name, size_t limit,
                            storage::Callback<std::vector<ConsumerInfo>> done) {
  std::vector<std::shared_ptr<Consumer>> found;
  {
    absl::MutexLock lock(&mu_);
    auto row = after_name < prefix ? consumers_.lower_bound(prefix) : consumers_.upper_bound(after_name);
    const bool sessions_too = IsSessionName(prefix);
    for (; row != consumers_.end() && absl::StartsWith(row->first, prefix) && found.size() < limit; ++row) {
      if (IsSessionName(row->first) && !sessions_too) continue;
      if (CheckConsumerAccess(caller, Permission::kSubscribe, row->second->config()).ok()) {
        found.push_back(row->second);
      }
    }
  }
  std::vector<ConsumerInfo> infos;
  infos.reserve(found.size());
  for (const auto& consumer : found) infos.push_back(consumer->Info());
  AddLags(core_, std::move(infos), std::move(done));
}

void ConsumerRegistry::Delete(std::shared_ptr<Caller> caller, std::string name, storage::StatusCallback done) {
  changes_.Add(std::move(done),
               [this, caller = std::move(caller), name = std::move(name)](storage::StatusCallback finish) mutable {
                 auto consumer = Find(caller, Permission::kManage, name);
                 if (!consumer.ok()) return std::move(finish)(consumer.status());
                 if (caller == nullptr) return DeleteNow(*std::move(consumer), std::move(finish));
                 const AuditEntry entry = {caller->key_id(), "audit.consumer_deleted", name, ""};
                 core_.audit.Record(entry, [this, consumer = *std::move(consumer),
                                            finish = std::move(finish)](absl::Status recorded) mutable {
                   if (!recorded.ok()) return std::move(finish)(std::move(recorded));
                   DeleteNow(std::move(consumer), std::move(finish));
                 });
               });
}

void ConsumerRegistry::DeleteNow(std::shared_ptr<Consumer> consumer, storage::StatusCallback done) {
  Consumer& closing = *consumer;
  closing.Delete([this, consumer = std::move(consumer), done = std::move(done)](absl::Status deleted) mutable {
    if (deleted.ok()) {
      const bool is_session = IsSessionName(consumer->config().name);
      ConsumerFigures figures;
      if (!is_session) consumer->AddTo(figures);
      absl::MutexLock lock(&mu_);
      deleted_.acknowledged += figures.acknowledged;
      deleted_.redelivered += figures.redelivered;
      if (consumers_.erase(consumer->config().name) > 0 && is_session) --sessions_;
    }
    std::move(done)(std::move(deleted));
  });
}

absl::StatusOr<std::shared_ptr<ConsumerHolder>> ConsumerRegistry::Open(const std::shared_ptr<Caller>& caller,
                                                                       const std::string& name, HolderOptions options) {
  const auto consumer = Find(caller, Permission::kSubscribe, name);
  if (!consumer.ok()) return consumer.status();
  return (*consumer)->Open(std::move(options));
}

void ConsumerRegistry::OldestNeeded(std::shared_ptr<storage::Instance> instance,
                                    storage::Callback<std::optional<storage::Cursor>> done) {
  std::vector<std::shared_ptr<Consumer>> covering;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [name, consumer] : consumers_) {
      if (!IsSessionName(name) && consumer->config().source.Covers(instance->name())) covering.push_back(consumer);
    }
  }
  std::optional<storage::Cursor> oldest;
  std::optional<storage::CommitPosition> settled;  // By all consumers of many instances.
  for (const auto& consumer : covering) {
    const bool one_instance = consumer->config().source.one_instance();
    if (one_instance && consumer->instance_number() != instance->number()) continue;
    const Consumer::Needed needed = consumer->NeededOf(instance->number());
    if (needed.exceptions_after) oldest = std::min(oldest.value_or(*needed.exceptions_after), *needed.exceptions_after);
    if (!one_instance) settled = std::min(settled.value_or(needed.settled), needed.settled);
  }
  if (!settled) return std::move(done)(oldest);
  core_.log.FindCommit(std::move(instance), *settled,
                       [oldest, done = std::move(done)](absl::StatusOr<storage::Cursor> found) mutable {
                         if (!found.ok()) return std::move(done)(found.status());
                         std::move(done)(std::min(oldest.value_or(*found), *found));
                       });
}

void ConsumerRegistry::OnInstanceDeleted(const std::shared_ptr<storage::Instance>& instance,
                                         storage::StatusCallback done) {
  // Queued after pending creations. It is not refused when too many changes wait, since nobody would retry it.
  changes_.AddEvenIfFull(std::move(done), [this, instance](storage::StatusCallback finish) {
    std::vector<std::shared_ptr<Consumer>> of_it;
    std::vector<std::shared_ptr<Consumer>> others;
    {
      absl::MutexLock lock(&mu_);
      for (const auto& [name, consumer] : consumers_) {
        const ConsumerSource& source = consumer->config().source;
        if (source.one_instance()) {
          if (consumer->instance_number() == instance->number()) of_it.push_back(consumer);
        } else if (source.Covers(instance->name())) {
          others.push_back(consumer);
        }
      }
    }
    ForgetAll(instance->number(), std::move(others),
              [this, of_it = std::move(of_it), finish = std::move(finish)](absl::Status forgotten) mutable {
                DeleteAll(std::move(of_it), [forgotten, finish = std::move(finish)](absl::Status status) mutable {
                  forgotten.Update(status);
                  std::move(finish)(std::move(forgotten));
                });
              });
  });
}

void ConsumerRegistry::ForgetAll(storage::InstanceNumber instance, std::vector<std::shared_ptr<Consumer>> consumers,
                                 storage::StatusCallback done) {
  if (consumers.empty()) return std::move(done)(absl::OkStatus());
  const std::shared_ptr<Consumer> consumer = std::move(consumers.back());
  consumers.pop_back();
  consumer->Forget(instance, [this, instance, consumers = std::move(consumers),
                              done = std::move(done)](absl::Status status) mutable {
    if (!status.ok()) return std::move(done)(std::move(status));
    ForgetAll(instance, std::move(consumers), std::move(done));
  });
}

void ConsumerRegistry::DeleteAll(std::vector<std::shared_ptr<Consumer>> consumers, storage::StatusCallback done) {
  if (consumers.empty()) return std::move(done)(absl::OkStatus());
  std::shared_ptr<Consumer> consumer = std::move(consumers.back());
  consumers.pop_back();
  DeleteNow(std::move(consumer),
            [this, consumers = std::move(consumers), done = std::move(done)](absl::Status status) mutable {
              if (!status.ok()) return std::move(done)(std::move(status));
              DeleteAll(std::move(consumers), std::move(done));
            });
}

ConsumerFigures ConsumerRegistry::Figures() const {
  std::vector<std::shared_ptr<Consumer>> consumers;
  ConsumerFigures figures;
  {
    absl::MutexLock lock(&mu_);
    figures = deleted_;
    for (const auto& [name, consumer] : consumers_) {
      if (!IsSessionName(name)) consumers.push_back(consumer);
    }
  }
  for (const auto& consumer : consumers) consumer->AddTo(figures);
  return figures;
}

void ConsumerRegistry::BeginStop() {
  absl::MutexLock lock(&mu_);
  stopping_ = true;
  for (const auto& [name, consumer] : consumers_) consumer->BeginStop();
}

void ConsumerRegistry::Stop(absl::Time deadline) {
  BeginStop();
  std::vector<std::shared_ptr<Consumer>> consumers;
  {
    absl::MutexLock lock(&mu_);
    for (const auto& [name, consumer] : consumers_) consumers.push_back(consumer);
  }
  struct Waiting {
    absl::Mutex mu;
    size_t left ABSL_GUARDED_BY(mu) = 0;
  };
  const auto waiting = std::make_shared<Waiting>();
  {
    absl::MutexLock lock(&waiting->mu);
    waiting->left = consumers.size();
  }
  for (const auto& consumer : consumers) {
    consumer->Close(MakeError(Reason::kShuttingDown, "the broker stops"), [waiting](absl::Status) {
      absl::MutexLock lock(&waiting->mu);
      --waiting->left;
    });
  }
  absl::MutexLock lock(&waiting->mu);
  waiting->mu.AwaitWithDeadline(
      absl::Condition(
          +[](Waiting* what) ABSL_NO_THREAD_SAFETY_ANALYSIS { return what->left == 0; }, waiting.get()),
      deadline);
}

}  // namespace playhead::broker
