// The broker's notices to readers as JSON on one line, with the names of playhead/v1/event_log.proto.
#ifndef PLAYHEAD_BROKER_HTTP_API_NOTICES_H_
#define PLAYHEAD_BROKER_HTTP_API_NOTICES_H_

#include <string>

#include "broker/read/start_position.h"

namespace playhead::broker::http_api {

// {"cause":"TRIMMED","after_cursor":0,"last_cursor":41,"event_count":41}
std::string GapJson(const Gap& gap);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_NOTICES_H_
