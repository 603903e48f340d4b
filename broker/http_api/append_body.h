// Reads the events from the body of an append.
//
//   application/json                     one event (proto/event_json.h), or {"events":[...]}
//   application/x-ndjson                 an event on each line; empty lines are skipped
//   application/cloudevents+json         a CloudEvent
//   application/cloudevents-batch+json   an array of them
//   anything, with a header ce-specversion   a CloudEvent with the body as its data
#ifndef PLAYHEAD_BROKER_HTTP_API_APPEND_BODY_H_
#define PLAYHEAD_BROKER_HTTP_API_APPEND_BODY_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/http/request.h"
#include "proto/event_json.h"

namespace playhead::broker::http_api {

// A longer body is refused. This is the limit of a gRPC message.
inline constexpr size_t kAppendBodyBytesMax = size_t{4} << 20;

enum class BodyFormat { kJson, kNdjson, kCloudEvent, kCloudEventBatch, kCloudEventData };

// InvalidArgument (MALFORMED_REQUEST) for any other Content-Type.
absl::StatusOr<BodyFormat> FormatOf(const http::Request& request);

// The events of `request`, whose body has `format`, for `instance`: at most storage::kBatchEventsMax.
// storage::BuildAppendBatch checks their limits.
//   InvalidArgument  EVENT_INVALID, which names the event; BROKER_FIELD_SET; BATCH_TOO_LARGE.
absl::StatusOr<std::vector<EventFields>> ReadAppendBody(BodyFormat format, const http::Request& request,
                                                        absl::string_view instance);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_APPEND_BODY_H_
