#include "tests/support/broker_core.h"

#include <cstdio>
#include <cstdlib>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "storage/engine/rocksdb_event_log.h"
#include "tests/support/await.h"
#include "tests/support/delete_instance.h"

namespace playhead::testing {
namespace {

void MustBeOk(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

std::unique_ptr<storage::EventLog> OpenLog(const std::string& data_dir, rocksdb::Env* env) {
  storage::StoreOptions options;
  options.env = env;
  options.data_dir = data_dir;
  options.durability = env == nullptr ? storage::Durability::kOs : storage::Durability::kDisk;
  auto log = storage::OpenRocksDbEventLog(options);
  MustBeOk(log.status());
  return *std::move(log);
}

std::unique_ptr<broker::LimitSettings> LoadLimits(storage::EventLog& log) {
  auto settings = broker::LimitSettings::Load(log.records());
  MustBeOk(settings.status());
  return *std::move(settings);
}

}  // namespace

BrokerCore::BrokerCore(const broker::Limits& limits, const std::string& data_dir, broker::Clock clock,
                       rocksdb::Env* env)
    : BrokerCore(limits, std::move(clock),
                 [&](const std::string& own_dir) { return OpenLog(data_dir.empty() ? own_dir : data_dir, env); }) {}

BrokerCore::BrokerCore(const broker::Limits& limits, std::unique_ptr<storage::EventLog> log)
    : BrokerCore(
          limits, [] { return absl::Now(); }, [&log](const std::string& /*own_dir*/) { return std::move(log); }) {}

BrokerCore::BrokerCore(const broker::Limits& limits, broker::Clock clock,
                       absl::FunctionRef<std::unique_ptr<storage::EventLog>(const std::string& own_dir)> make_log)
    : limits_(limits),
      auth_(std::nullopt, limits_.refusal_delay, std::move(clock)),
      executor_(limits_.executor_threads),
      timers_(executor_),
      append_budget_(limits_.append_budget_bytes, executor_),
      append_reply_budget_(limits_.append_reply_budget_bytes, executor_),
      delivery_budget_(limits_.delivery_budget_bytes, executor_),
      streams_(limits_.streams_max, timers_),
      tail_(limits_.tail_bytes_max, executor_),
      log_(make_log(dir_.path())),
      audit_(*log_),
      limit_settings_(LoadLimits(*log_)),
      instance_limits_(*log_, *limit_settings_),
      core_{limits_,          *log_,    executor_, tail_, timers_, append_budget_,  append_reply_budget_,
            delivery_budget_, streams_, metrics_,  auth_, audit_,  instance_limits_} {
  log_->SetCommitListener(&tail_);
}

BrokerCore::~BrokerCore() {
  log_.reset();
  timers_.Stop();
  executor_.Join();
}

std::shared_ptr<storage::Instance> BrokerCore::Open(absl::string_view name) {
  auto instance = Await<std::shared_ptr<storage::Instance>>(
      [&](auto done) { log_->OpenInstance(name, storage::OpenMode::kCreateIfPermitted, std::move(done)); });
  MustBeOk(instance.status());
  return *std::move(instance);
}

void BrokerCore::Trim(absl::string_view name, storage::Cursor first_kept) {
  MustBeOk(AwaitStatus([&](auto done) { log_->Trim(Open(name), first_kept, std::move(done)); }));
}

void BrokerCore::Delete(absl::string_view name) { MustBeOk(DeleteInstance(*log_, name)); }

}  // namespace playhead::testing
