// From a configuration and a start to a consumer that is on disk.
#ifndef PLAYHEAD_BROKER_CONSUMERS_CONSUMER_CREATION_H_
#define PLAYHEAD_BROKER_CONSUMERS_CONSUMER_CREATION_H_

#include <memory>
#include <variant>

#include "absl/status/status.h"
#include "broker/auth/caller.h"
#include "broker/consumers/consumer.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/feed_position.h"
#include "broker/core.h"
#include "broker/start_position.h"
#include "storage/callback.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Where a consumer starts: as a subscription of one instance, or behind a position of many.
using ConsumerStart = std::variant<StartPosition, AfterPosition>;

// Ok if `caller`, nullptr for the broker itself, may do that with all that the source covers; else as Caller::Check.
// For a consumer whose types name hidden ones the permission is always to manage, whatever is asked: nobody has vouched
// for those events.
absl::Status CheckConsumerAccess(const std::shared_ptr<Caller>& caller, Permission permission,
                                 const ConsumerConfig& config);

// Where a consumer's source begins to be read, and whose it is.
struct ResolvedStart {
  std::shared_ptr<storage::Instance> instance;  // Of a consumer of one instance.
  FeedPosition position;
};

// Finds where `start` is for a consumer of that configuration, whose instance is made if it does not exist. `done` runs
// once, inside the call or on a thread of the log.
//   InvalidArgument  POSITION_INVALID: a start of the other kind of source.
//   OutOfRange       CURSOR_TRIMMED unless gaps are allowed, CURSOR_DIVERGED.
//   and as EventLog::OpenInstance and InstanceQuota::Admit.
void ResolveConsumerStart(const Core& core, std::shared_ptr<Caller> caller, const ConsumerConfig& config,
                          ConsumerStart start, storage::Callback<ResolvedStart> done);

// Writes a consumer that starts there, after the record of it in the audit log unless the broker itself makes it. The
// configuration was checked.
void StoreConsumer(const Core& core, const std::shared_ptr<Caller>& caller, ConsumerConfig config, ResolvedStart start,
                   storage::Callback<std::shared_ptr<Consumer>> done);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_CREATION_H_
