// The native service playhead.v1.VZaps: settings of instances for clients of this dialect.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_SETTINGS_SERVICE_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_SETTINGS_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/core.h"
#include "broker/dialects/vzaps/subscribed_events.h"

namespace playhead::broker::vzaps {

// Everything that `core` refers to, and `subscribed`, must outlive the service's calls.
std::unique_ptr<grpc::Service> MakeSettingsService(const Core& core, SubscribedEvents& subscribed);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_SETTINGS_SERVICE_H_
