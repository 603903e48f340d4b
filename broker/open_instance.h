// Opens an instance for a caller, in the same way for every protocol.
#ifndef PLAYHEAD_BROKER_OPEN_INSTANCE_H_
#define PLAYHEAD_BROKER_OPEN_INSTANCE_H_

#include <memory>
#include <string>

#include "broker/auth/caller.h"
#include "storage/callback.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Opens the instance `name`. A new name becomes an instance if the store creates instances and `caller`'s quota allows
// it. `caller` is nullptr for the broker itself, which has no quota. REQUIRES: the caller's permission was checked.
// Calls `done` once, inside the call or on a thread of `log`. Blocking: none.
//   Errors as Caller::AdmitInstance and EventLog::OpenInstance.
void OpenInstance(storage::EventLog& log, const Caller* caller, const std::string& name,
                  storage::Callback<std::shared_ptr<storage::Instance>> done);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_OPEN_INSTANCE_H_
