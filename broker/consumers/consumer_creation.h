// Creates a consumer on disk from a configuration and a start.
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
#include "broker/read/start_position.h"
#include "storage/callback.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Where a consumer starts: like a subscription of one instance, or after a position over many.
using ConsumerStart = std::variant<StartPosition, AfterPosition>;

// OK if `caller` (nullptr is the broker itself) has the permission for everything that the source covers; else the
// error of Caller::Check. For a consumer whose types name hidden types, the permission to manage is always required,
// since those events were not verified.
absl::Status CheckConsumerAccess(const std::shared_ptr<Caller>& caller, Permission permission,
                                 const ConsumerConfig& config);

// The resolved start of a consumer, and its instance.
struct ResolvedStart {
  std::shared_ptr<storage::Instance> instance;  // Only for a consumer of one instance.
  FeedPosition position;
};

// Resolves `start` for a consumer of this configuration, whose instance is created if it does not exist. `done` runs
// once, inside the call or on a thread of the log.
//  InvalidArgument  POSITION_INVALID: a cursor for a consumer of many instances, or a token for one of one instance.
//  OutOfRange       CURSOR_TRIMMED unless gaps are allowed, CURSOR_DIVERGED.
//  and those of EventLog::OpenInstance and InstanceQuota::Admit.
void ResolveConsumerStart(const Core& core, const std::shared_ptr<Caller>& caller, const ConsumerConfig& config,
                          ConsumerStart start, storage::Callback<ResolvedStart> done);

// Writes a consumer that starts there, after its record in the audit log (unless the broker itself creates it).
// REQUIRES: the configuration was checked.
void StoreConsumer(const Core& core, const std::shared_ptr<Caller>& caller, ConsumerConfig config, ResolvedStart start,
                   storage::Callback<std::shared_ptr<Consumer>> done);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_CREATION_H_
