// An instance as the API message that all protocols share.
#ifndef PLAYHEAD_BROKER_INSTANCE_MESSAGE_H_
#define PLAYHEAD_BROKER_INSTANCE_MESSAGE_H_

#include "playhead/v1/event_log.pb.h"
#include "storage/event_log.h"

namespace playhead::broker {

v1::Instance InstanceMessage(const storage::InstanceInfo& info);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_INSTANCE_MESSAGE_H_
