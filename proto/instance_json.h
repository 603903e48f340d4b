// An instance as JSON, in the form that the HTTP API returns and `--json` prints.
#ifndef PLAYHEAD_PROTO_INSTANCE_JSON_H_
#define PLAYHEAD_PROTO_INSTANCE_JSON_H_

#include <string>

#include "playhead/v1/event_log.pb.h"

namespace playhead {

//   {"name":"my-bot","first_cursor":1,"head_cursor":7,"event_count":7,"appended_bytes":812,
//    "created_at":"2026-01-02T03:04:05.000006Z","last_appended_at":"2026-01-02T03:04:05.123456Z"}
//
// `last_appended_at` is left out if there is none. An instance that cannot be read is {"name":...,"created_at":...,
// "unreadable":...}, where `unreadable` is as ErrorJson.
std::string InstanceJson(const v1::Instance& instance);

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_INSTANCE_JSON_H_
