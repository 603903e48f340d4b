// The events that an instance is subscribed to: clients get these if they name no events, or `All`.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_SUBSCRIBED_EVENTS_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_SUBSCRIBED_EVENTS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/settings/instance_settings.h"
#include "playhead/store/v1/vzaps_record.pb.h"
#include "storage/record_store.h"

namespace playhead::broker::vzaps {

// If nothing is set: every event.
using SubscribedEvents = InstanceSettings<store::v1::VZapsEventsRecord>;

// As InstanceSettings::Load.
absl::StatusOr<std::unique_ptr<SubscribedEvents>> LoadSubscribedEvents(storage::RecordStore& records);

// Returns `names`, whose case does not matter, in VZaps' spelling: each once, in the order of docs/clients/dialects.md;
// or only `All` if that is among them.
//  InvalidArgument  FILTER_INVALID: no names, or one that VZaps has no event for; the message lists the names it has.
absl::StatusOr<std::vector<std::string>> CheckEventNames(const std::vector<std::string>& names);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_SUBSCRIBED_EVENTS_H_
