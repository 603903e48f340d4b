#include "broker/instance_message.h"

#include "proto/errors.h"

namespace playhead::broker {

v1::Instance InstanceMessage(const storage::InstanceInfo& info) {
  v1::Instance message;
  message.set_name(info.name);
  message.set_created_at(info.created_at.micros());
  if (!info.bounds.ok()) {
    *message.mutable_unreadable() = ToProto(info.bounds.status());
    return message;
  }
  message.set_first_cursor(info.bounds->first.value());
  message.set_head_cursor(info.bounds->head.value());
  message.set_event_count(info.bounds->event_count());
  message.set_appended_bytes(info.bounds->appended_bytes);
  message.set_last_appended_at(info.bounds->last_appended_at.micros());
  return message;
}

}  // namespace playhead::broker
