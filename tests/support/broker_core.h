// The broker without its protocols: a real store in a temporary folder, and everything that subscriptions need.
#ifndef PLAYHEAD_TESTS_SUPPORT_BROKER_CORE_H_
#define PLAYHEAD_TESTS_SUPPORT_BROKER_CORE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "broker/audit.h"
#include "broker/auth/authenticator.h"
#include "broker/auth/clock.h"
#include "broker/byte_budget.h"
#include "broker/core.h"
#include "broker/limits.h"
#include "broker/metrics/metrics.h"
#include "broker/quota/instance_limits.h"
#include "broker/quota/limit_settings.h"
#include "broker/read/tail.h"
#include "broker/stream_registry.h"
#include "broker/timer_queue.h"
#include "storage/event_log.h"
#include "storage/executor.h"
#include "tests/support/temp_dir.h"

namespace rocksdb {
class Env;
}

namespace playhead::testing {

// Appends are acknowledged without a sync, since these tests are not about the disk; with an `env` they are synced.
class BrokerCore {
 public:
  // Opens the store in `data_dir`, which may exist already, or in a temporary folder if that is empty. `env` is that of
  // StoreOptions.
  explicit BrokerCore(
      const broker::Limits& limits = {}, const std::string& data_dir = "",
      broker::Clock clock = [] { return absl::Now(); }, rocksdb::Env* env = nullptr);
  // Uses `log`, which must not have been used before.
  BrokerCore(const broker::Limits& limits, std::unique_ptr<storage::EventLog> log);
  ~BrokerCore();

  const broker::Core& core() const { return core_; }
  storage::EventLog& log() { return *log_; }
  broker::Tail& tail() { return tail_; }
  broker::ByteBudget& delivery_budget() { return delivery_budget_; }

  // Opens an instance, and creates it if it does not exist.
  std::shared_ptr<storage::Instance> Open(absl::string_view name);
  // Each waits until it is done, and aborts the test unless it succeeds.
  void Trim(absl::string_view name, storage::Cursor first_kept);
  void Delete(absl::string_view name);

 private:
  // `make_log` is given the temporary folder.
  BrokerCore(const broker::Limits& limits, broker::Clock clock,
             absl::FunctionRef<std::unique_ptr<storage::EventLog>(const std::string& own_dir)> make_log);

  // In the order of broker/server.h.
  const TempDir dir_;
  const broker::Limits limits_;
  broker::Authenticator auth_;  // Runs open.
  storage::Executor executor_;
  broker::TimerQueue timers_;
  broker::ByteBudget append_budget_;
  broker::ByteBudget append_reply_budget_;
  broker::ByteBudget delivery_budget_;
  broker::StreamRegistry streams_;
  broker::Metrics metrics_;
  broker::Tail tail_;
  std::unique_ptr<storage::EventLog> log_;
  broker::Audit audit_;
  const std::unique_ptr<broker::LimitSettings> limit_settings_;
  broker::InstanceLimits instance_limits_;
  const broker::Core core_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_BROKER_CORE_H_
