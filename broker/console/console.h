// The console: one page, at `/`, that shows the instances and their events to whoever runs the broker.
//
// The page is in the program, and holds no secret: it asks the HTTP API (/v1) as any client does, with the key that is
// typed into it. Its script and style are named by their hashes in its policy (CSP), so nothing else runs on it, and it
// talks to this broker alone. Events are hostile input there: docs/operating.md, "The console".
#ifndef PLAYHEAD_BROKER_CONSOLE_CONSOLE_H_
#define PLAYHEAD_BROKER_CONSOLE_CONSOLE_H_

#include "broker/http/router.h"

namespace playhead::broker::console {

void AddRoutes(http::Router& router);

}  // namespace playhead::broker::console

#endif  // PLAYHEAD_BROKER_CONSOLE_CONSOLE_H_
