// Append: the checks that a batch passes before it reaches the log. Every protocol that appends whole batches uses it.
//
//   permission -> the key's rate -> the key's quota of instances -> the instance's limits -> the log
#ifndef PLAYHEAD_BROKER_APPEND_H_
#define PLAYHEAD_BROKER_APPEND_H_

#include <memory>

#include "broker/auth/caller.h"
#include "broker/core.h"
#include "storage/callback.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Appends `batch` for `caller`, and calls `done` once, inside the call or on another thread. Blocking: none. REQUIRES:
// StreamRegistry::CheckServing returned OK, and Core::append_budget granted the memory for the batch.
//   The first error of Caller::Check (kAppend), Caller::ChargeAppend, Caller::AdmitInstance, InstanceLimits::Charge and
//   AppendSession::Append, in this order. The error of InstanceLimits::CheckRoom applies only if AppendSession::Append
//   finds the events to be new.
void Append(const Core& core, const std::shared_ptr<Caller>& caller, storage::AppendBatch batch,
            storage::Callback<storage::AppendResult> done);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_APPEND_H_
