#include "broker/http_api/append_body.h"

#include <simdjson.h>

#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "broker/http_api/cloud_event.h"
#include "broker/http_api/media_type.h"
#include "proto/errors.h"
#include "proto/json_document.h"
#include "storage/limits.h"

namespace playhead::broker::http_api {
namespace {

namespace ondemand = simdjson::ondemand;

using ReadOne = absl::Status (*)(ondemand::value, EventFields&);

absl::Status Invalid(absl::string_view message) { return MakeError(Reason::kEventInvalid, message); }

// `status`, with the place of its event.
absl::Status At(absl::string_view place, const absl::Status& status) {
  const Reason reason = HasReason(status, Reason::kBrokerFieldSet) ? Reason::kBrokerFieldSet : Reason::kEventInvalid;
  return MakeError(reason, absl::StrCat(place, ": ", std::string(status.message())));
}

class Reader {
 public:
  explicit Reader(absl::string_view instance) : instance_(instance) {}

  absl::Status ReadEventOrList(absl::string_view body) {
    JsonDocument document;
    if (!document.Load(body)) return NotJson();
    ondemand::object object;
    ondemand::array list;
    if (document.root().get_object().get(object) != 0) return Invalid("the body is not a JSON object");
    if (object.find_field("events").get(list) != 0) return Add("the event", &ReadEventFields, document.root());
    if (absl::Status status = ReadList(list, &ReadEventFields); !status.ok()) return status;
    size_t fields = 0;
    if (document.root().get_object().get(object) != 0 || object.count_fields().get(fields) != 0 || fields != 1) {
      return Invalid("a batch is {\"events\":[...]} and nothing else");
    }
    return absl::OkStatus();
  }

  absl::Status ReadLines(absl::string_view body) {
    JsonDocument document;
    for (size_t number = 1; !body.empty(); ++number) {
      const size_t end = body.find('\n');
      const absl::string_view line = absl::StripAsciiWhitespace(body.substr(0, end));
      body.remove_prefix(end == absl::string_view::npos ? body.size() : end + 1);
      if (line.empty()) continue;
      const std::string place = absl::StrCat("line ", number);
      if (!document.Load(line)) return Invalid(absl::StrCat(place, ": not JSON"));
      if (absl::Status status = Add(place, &ReadEventFields, document.root()); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status ReadCloudEvents(absl::string_view body, bool batch) {
    JsonDocument document;
    if (!document.Load(body)) return NotJson();
    if (!batch) return Add("the event", &ReadCloudEvent, document.root());
    ondemand::array list;
    if (document.root().get_array().get(list) != 0) return Invalid("the body is not a JSON array");
    return ReadList(list, &ReadCloudEvent);
  }

  std::vector<EventFields> Take() { return std::move(events_); }

 private:
  static absl::Status NotJson() {
    return Invalid(absl::StrCat("the body is not JSON of at most ", kJsonDepthMax, " levels"));
  }

  absl::Status ReadList(ondemand::array list, ReadOne read) {
    size_t index = 0;
    for (auto element : list) {
      const std::string place = absl::StrCat("events[", index++, "]");
      if (absl::Status status = Add(place, read, element.value_unsafe()); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  absl::Status Add(absl::string_view place, ReadOne read, ondemand::value value) {
    if (events_.size() == storage::kBatchEventsMax) {
      return MakeError(Reason::kBatchTooLarge,
                       absl::StrCat("a batch has at most ", storage::kBatchEventsMax, " events: split it"));
    }
    EventFields& event = events_.emplace_back();
    if (absl::Status status = read(value, event); !status.ok()) return At(place, status);
    if (event.has_broker_fields) {
      return At(place, MakeError(Reason::kBrokerFieldSet, "cursor and appended_at are set by the broker alone"));
    }
    if (!event.instance.empty() && event.instance != instance_) {
      return At(place, Invalid(absl::StrCat("is of instance ", event.instance, ", and the path names ", instance_)));
    }
    return absl::OkStatus();
  }

  const absl::string_view instance_;
  std::vector<EventFields> events_;
};

}  // namespace

absl::StatusOr<BodyFormat> FormatOf(const http::Request& request) {
  const std::string type = MediaTypeOf(request.Header("Content-Type").value_or(""));
  // The HTTP binding of CloudEvents, 3: the type decides; a structured event may repeat itself in headers (3.2.3).
  if (type == "application/cloudevents+json") return BodyFormat::kCloudEvent;
  if (type == "application/cloudevents-batch+json") return BodyFormat::kCloudEventBatch;
  if (IsBinaryCloudEvent(request.headers)) return BodyFormat::kCloudEventData;
  if (type == "application/json") return BodyFormat::kJson;
  if (type == "application/x-ndjson") return BodyFormat::kNdjson;
  return MakeError(Reason::kMalformedRequest,
                   "Content-Type is application/json, application/x-ndjson, application/cloudevents+json or "
                   "application/cloudevents-batch+json (with curl, use --json)");
}

absl::StatusOr<std::vector<EventFields>> ReadAppendBody(BodyFormat format, const http::Request& request,
                                                        absl::string_view instance) {
  if (format == BodyFormat::kCloudEventData) {
    std::vector<EventFields> events(1);
    if (absl::Status status = ReadBinaryCloudEvent(request.headers, request.body, events.front()); !status.ok()) {
      return status;
    }
    return events;
  }
  Reader reader(instance);
  absl::Status status;
  switch (format) {
    case BodyFormat::kJson:
      status = reader.ReadEventOrList(request.body);
      break;
    case BodyFormat::kNdjson:
      status = reader.ReadLines(request.body);
      break;
    default:
      status = reader.ReadCloudEvents(request.body, format == BodyFormat::kCloudEventBatch);
  }
  if (!status.ok()) return status;
  return reader.Take();
}

}  // namespace playhead::broker::http_api
