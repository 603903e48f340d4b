// Which library a client uses, where its defects make a difference to how it is best treated.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_CLIENT_LIBRARY_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_CLIENT_LIBRARY_H_

#include "broker/http/request.h"

namespace playhead::broker::http::engineio {

// Whether `request` is python-engineio's (4.3.4): it has `t=<seconds>.<fraction>` in its query, as time.time() prints
// it, or the User-Agent of an HTTP library of Python.
bool IsPython(const Request& request);

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_CLIENT_LIBRARY_H_
