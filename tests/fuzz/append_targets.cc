#include "tests/fuzz/append_targets.h"

#include <cstdint>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "broker/http/request.h"
#include "broker/http_api/append_body.h"
#include "client/event.h"
#include "client/shared_bytes.h"
#include "proto/event_json.h"
#include "proto/event_wire.h"
#include "proto/upstream_gap.h"
#include "storage/append_builder.h"
#include "storage/event_log.h"
#include "tests/fuzz/promise.h"
#include "tests/storage/append_mutations.h"

namespace playhead::fuzz {

void AppendRequest(absl::string_view bytes) {
  bool admitted = false;
  const std::string wrong = storage::CheckAgainstParser(bytes, admitted);
  Require(wrong.empty(), wrong);
}

void Event(absl::string_view bytes) {
  EventView view;
  if (view.Parse(bytes)) Require(SameContent(view, view), "an event has its own content");
  std::string request =
      "\x0a\x01"
      "a\x12";
  AppendVarint(bytes.size(), request);
  absl::StrAppend(&request, bytes);
  AppendRequest(request);
}

void HttpAppendBody(absl::string_view bytes) {
  using broker::http_api::BodyFormat;
  constexpr BodyFormat kFormats[] = {BodyFormat::kJson, BodyFormat::kNdjson, BodyFormat::kCloudEvent,
                                     BodyFormat::kCloudEventBatch, BodyFormat::kCloudEventData};
  if (bytes.empty()) return;
  const BodyFormat format = kFormats[static_cast<uint8_t>(bytes[0]) % std::size(kFormats)];
  broker::http::Request request;
  request.body = std::string(bytes.substr(1));
  // Of a CloudEvent in binary mode the lines are headers, and the last one is the body.
  if (format == BodyFormat::kCloudEventData) {
    const std::vector<std::string> lines = absl::StrSplit(request.body, '\n');
    for (size_t i = 0; i + 1 < lines.size(); ++i) {
      const std::pair<std::string, std::string> header = absl::StrSplit(lines[i], absl::MaxSplits(": ", 1));
      if (!header.first.empty()) request.headers.insert(header.first, header.second);
    }
    request.body = lines.back();
  }
  const auto events = broker::http_api::ReadAppendBody(format, request, "bot");
  if (!events.ok()) return;
  Require(events->size() <= storage::kBatchEventsMax, "a batch has a bound");
  for (const EventFields& event : *events) {
    NewEvent made{.type = event.type, .data = event.data, .id = event.id, .created_at = event.created_at};
    for (const auto& [key, value] : event.attributes) made.attributes.emplace_back(key, value);
    const auto batch = storage::BuildAppendBatch("bot", {made}, {});
    if (!batch.ok()) continue;
    EventView view;
    Require(view.Parse(batch->event(batch->events[0])), "what is admitted can be parsed");
    std::string line;
    AppendEventLine("bot", view, line);
    Require(line.find('\n') == line.size() - 1, "a line is one line");
    EventFields again;
    Require(EventJsonReader().Read(line, again).ok(), "what is written can be read");
    Require(again.type == event.type && again.id == event.id && again.attributes == event.attributes,
            "an event survives the trip through its JSON");
  }
}

void UpstreamGap(absl::string_view bytes) {
  const auto gap = ParseUpstreamGap(bytes);
  if (!gap.ok()) return;
  Require(CheckUpstreamGap(*gap).ok(), "what is read keeps the rules");
  const auto again = ParseUpstreamGap(EncodeUpstreamGap(*gap));
  Require(again.ok() && again->from == gap->from && again->to == gap->to && again->reason == gap->reason,
          "a gap survives the trip through its JSON");
}

void ClientBatch(absl::string_view bytes) {
  EventBatch batch;
  std::string rest;
  if (!batch.Decode(SharedBytes::Of(std::string(bytes)), rest)) {
    Require(batch.empty(), "what is malformed has no events");
    return;
  }
  Require(rest.size() + 2 * batch.size() <= bytes.size(), "what is handed out is of the message");
  for (size_t i = 0; i < batch.size(); ++i) {
    const playhead::Event event = batch.event(i);
    Require(event.type() == batch[i].type && event.cursor() == batch[i].cursor, "an event is the batch's");
  }
  if (!batch.empty()) batch.DropThrough(batch[0].cursor);
}

}  // namespace playhead::fuzz
