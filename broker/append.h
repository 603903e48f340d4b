// Append: what a batch passes on its way into the log, whatever protocol it came by in one piece.
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

// Appends `batch` for `caller`, and calls `done` once, inside the call or on another thread. Blocking: none. That the
// broker serves was checked, and memory for the batch was granted by Core::append_budget.
//   As Caller::Check of kAppend, Caller::ChargeAppend, Caller::AdmitInstance, InstanceLimits::Charge and
//   AppendSession::Append, in this order; what comes first is what is told. InstanceLimits::CheckRoom is told of what
//   AppendSession::Append finds to be new.
void Append(const Core& core, const std::shared_ptr<Caller>& caller, storage::AppendBatch batch,
            storage::Callback<storage::AppendResult> done);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_APPEND_H_
