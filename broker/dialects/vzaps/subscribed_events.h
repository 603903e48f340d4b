// The events that an instance is subscribed to: what clients get that name none, or `All`.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_SUBSCRIBED_EVENTS_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_SUBSCRIBED_EVENTS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/instance_settings.h"
#include "playhead/store/v1/vzaps_record.pb.h"
#include "storage/record_store.h"

namespace playhead::broker::vzaps {

// Where nothing is set it is every event.
using SubscribedEvents = InstanceSettings<store::v1::VZapsEventsRecord>;

// As InstanceSettings::Load.
absl::StatusOr<std::unique_ptr<SubscribedEvents>> LoadSubscribedEvents(storage::RecordStore& records);

// `names`, which may be in any case, as VZaps writes them: each once, in the order of docs/clients/dialects.md; `All`
// alone if it is among them.
//   InvalidArgument  FILTER_INVALID: there is none, or one that VZaps has no event of; says which it has.
absl::StatusOr<std::vector<std::string>> CheckEventNames(const std::vector<std::string>& names);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_SUBSCRIBED_EVENTS_H_
