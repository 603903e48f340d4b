// The broker without its protocols: a real store in a temporary folder, and everything that subscriptions work with.
#ifndef PLAYHEAD_TESTS_SUPPORT_BROKER_CORE_H_
#define PLAYHEAD_TESTS_SUPPORT_BROKER_CORE_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "broker/audit.h"
#include "broker/auth/authenticator.h"
#include "broker/auth/clock.h"
#include "broker/byte_budget.h"
#include "broker/core.h"
#include "broker/grpc/stalled_calls.h"
#include "broker/limits.h"
#include "broker/metrics/metrics.h"
#include "broker/quota/instance_limits.h"
#include "broker/quota/limit_settings.h"
#include "broker/stream_registry.h"
#include "broker/tail.h"
#include "broker/timer_queue.h"
#include "storage/event_log.h"
#include "storage/executor.h"
#include "tests/support/temp_dir.h"

namespace rocksdb {
class Env;
}

namespace playhead::testing {

// Appends are acknowledged without a sync: these tests are about what happens above the disk. Not so with an `env`.
class BrokerCore {
 public:
  // In `data_dir`, which may be one that another has left; or, if that is empty, in a temporary folder. `env` is as in
  // StoreOptions.
  explicit BrokerCore(
      const broker::Limits& limits = {}, const std::string& data_dir = "",
      broker::Clock clock = [] { return absl::Now(); }, rocksdb::Env* env = nullptr);
  ~BrokerCore();

  const broker::Core& core() const { return core_; }
  storage::EventLog& log() { return *log_; }
  broker::Tail& tail() { return tail_; }
  broker::ByteBudget& delivery_budget() { return delivery_budget_; }

  // Opens an instance, making it if need be.
  std::shared_ptr<storage::Instance> Open(absl::string_view name);
  // Both wait until it is done, and abort the test unless it succeeds.
  void Trim(absl::string_view name, storage::Cursor first_kept);
  void Delete(absl::string_view name);

 private:
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
  broker::StalledCalls stalled_calls_;
  broker::Tail tail_;
  std::unique_ptr<storage::EventLog> log_;
  broker::Audit audit_;
  const std::unique_ptr<broker::LimitSettings> limit_settings_;
  broker::InstanceLimits instance_limits_;
  const broker::Core core_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_BROKER_CORE_H_
