// Detects the client's library, where its defects call for different treatment.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_CLIENT_LIBRARY_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_CLIENT_LIBRARY_H_

#include "broker/http/request.h"

namespace playhead::broker::http::engineio {

// Whether `request` is from python-engineio (4.3.4): its query has `t=<seconds>.<fraction>`, as time.time() prints it,
// or its User-Agent is that of a Python HTTP library.
bool IsPython(const Request& request);

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_CLIENT_LIBRARY_H_
