// The instances that a caller may see.
#ifndef PLAYHEAD_BROKER_COVERED_INSTANCES_H_
#define PLAYHEAD_BROKER_COVERED_INSTANCES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "broker/auth/caller.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Up to `limit` rows whose names start with `prefix`, sort behind `after_name`, and are covered by any of the caller's
// permissions, by name; fewer only if there are no more. Costs what it returns, whatever else the catalogue holds.
// `done` runs once, on a thread of `log` or inside the call.
void ListCoveredInstances(storage::EventLog& log, std::shared_ptr<Caller> caller, std::string prefix,
                          std::string after_name, size_t limit,
                          storage::Callback<std::vector<storage::InstanceInfo>> done);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_COVERED_INSTANCES_H_
