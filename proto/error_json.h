// An error as JSON, as the HTTP API gives it and `--json` prints it.
#ifndef PLAYHEAD_PROTO_ERROR_JSON_H_
#define PLAYHEAD_PROTO_ERROR_JSON_H_

#include <string>

#include "playhead/v1/event_log.pb.h"

namespace playhead {

// {"code":"CURSOR_TRIMMED","message":"...","retryable":false,"first_cursor":7,...}. A cursor that does not help is
// absent.
std::string ErrorJson(const v1::Error& error);

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_ERROR_JSON_H_
