// The instances that a caller may see.
#ifndef PLAYHEAD_BROKER_LISTING_COVERED_INSTANCES_H_
#define PLAYHEAD_BROKER_LISTING_COVERED_INSTANCES_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "broker/auth/caller.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Lists up to `limit` instances whose names start with `prefix`, sort after `after_name`, and are covered by any of the
// caller's permissions, in the order of their names; fewer only if there are no more. The cost depends on what is
// returned, not on the size of the catalogue. `done` runs once, on a thread of `log` or inside the call.
void ListCoveredInstances(storage::EventLog& log, std::shared_ptr<Caller> caller, std::string prefix,
                          std::string after_name, size_t limit,
                          storage::Callback<std::vector<storage::InstanceInfo>> done);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LISTING_COVERED_INSTANCES_H_
