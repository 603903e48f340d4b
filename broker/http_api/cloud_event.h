// Converts CloudEvents 1.0 to events of a log: from JSON (structured and batch mode) and from HTTP headers (binary
// mode).
//
//   id and source      the event's id, as `<source> <id>`: together they identify an event (CloudEvents 1.0, 3.1.1)
//   type               its type
//   time               its created_at
//   datacontenttype    the attribute `content-type`
//   all others         attributes `ce-<name>`, including source and extensions
//   data, data_base64  its data: JSON byte for byte; a string whose datacontenttype is not JSON, as its text
#ifndef PLAYHEAD_BROKER_HTTP_API_CLOUD_EVENT_H_
#define PLAYHEAD_BROKER_HTTP_API_CLOUD_EVENT_H_

#include <simdjson.h>

#include <boost/beast/http/fields.hpp>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "proto/event_json.h"

namespace playhead::broker::http_api {

// Reads the CloudEvent in the object `value`, which is part of a text that was checked as a whole.
//   InvalidArgument (EVENT_INVALID)  it is not a CloudEvent.
absl::Status ReadCloudEvent(simdjson::ondemand::value value, EventFields& event);

// Whether these are the headers of a CloudEvent in binary mode.
bool IsBinaryCloudEvent(const boost::beast::http::fields& headers);

// The same, for the headers `ce-...` (percent-encoded) and Content-Type, with `body` as the data.
absl::Status ReadBinaryCloudEvent(const boost::beast::http::fields& headers, absl::string_view body,
                                  EventFields& event);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_CLOUD_EVENT_H_
