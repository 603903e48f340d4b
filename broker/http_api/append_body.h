// The body of an append: which events it is.
//
//   application/json                     one event (proto/event_json.h), or {"events":[...]}
//   application/x-ndjson                 an event on each line; empty lines are passed over
//   application/cloudevents+json         a CloudEvent
//   application/cloudevents-batch+json   a list of them
//   anything, with a header ce-specversion   a CloudEvent whose data the body is
#ifndef PLAYHEAD_BROKER_HTTP_API_APPEND_BODY_H_
#define PLAYHEAD_BROKER_HTTP_API_APPEND_BODY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/http/request.h"
#include "proto/event_json.h"

namespace playhead::broker::http_api {

// A longer body is refused: as much as a gRPC message may have.
inline constexpr size_t kAppendBodyBytesMax = size_t{4} << 20;

enum class BodyFormat { kJson, kNdjson, kCloudEvent, kCloudEventBatch, kCloudEventData };

// InvalidArgument (MALFORMED_REQUEST) for a Content-Type that is none of the above.
absl::StatusOr<BodyFormat> FormatOf(const http::Request& request);

// The events of `request`, whose body is of `format`, for `instance`: at most storage::kBatchEventsMax. Their limits
// are left to storage::BuildAppendBatch.
//   InvalidArgument  EVENT_INVALID, with which one it is; BROKER_FIELD_SET; BATCH_TOO_LARGE.
absl::StatusOr<std::vector<EventFields>> ReadAppendBody(BodyFormat format, const http::Request& request,
                                                        absl::string_view instance);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_APPEND_BODY_H_
