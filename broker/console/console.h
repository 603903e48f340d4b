// The console: one page, at `/`, that shows instances and their events to the operator.
//
// The page is compiled into the program and holds no secret: it uses the HTTP API (/v1) like any client, with the key
// that the user enters. Its policy (CSP) lists its script and style by their hashes, so nothing else runs on it, and it
// only connects to this broker. Events are hostile input there: docs/operating.md, "The console".
#ifndef PLAYHEAD_BROKER_CONSOLE_CONSOLE_H_
#define PLAYHEAD_BROKER_CONSOLE_CONSOLE_H_

#include "broker/http/router.h"

namespace playhead::broker::console {

void AddRoutes(http::Router& router);

}  // namespace playhead::broker::console

#endif  // PLAYHEAD_BROKER_CONSOLE_CONSOLE_H_
