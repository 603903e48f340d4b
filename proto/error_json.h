// An error as JSON, in the form that the HTTP API returns and `--json` prints.
#ifndef PLAYHEAD_PROTO_ERROR_JSON_H_
#define PLAYHEAD_PROTO_ERROR_JSON_H_

#include <string>

#include "playhead/v1/event_log.pb.h"

namespace playhead {

// {"code":"CURSOR_TRIMMED","message":"...","retryable":false,"first_cursor":7,...}. Cursors that do not apply are
// absent.
std::string ErrorJson(const v1::Error& error);

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_ERROR_JSON_H_
