// Session ids, which nobody can guess.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_RANDOM_ID_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_RANDOM_ID_H_

#include <string>

namespace playhead::broker::http::engineio {

// 120 random bits as 20 characters of URL-safe base64.
std::string RandomId();

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_RANDOM_ID_H_
