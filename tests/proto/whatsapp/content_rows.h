// Table-driven tests of content.h: JSON in, text-format protos out.
#ifndef PLAYHEAD_TESTS_PROTO_WHATSAPP_CONTENT_ROWS_H_
#define PLAYHEAD_TESTS_PROTO_WHATSAPP_CONTENT_ROWS_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace playhead::whatsapp {

// One row: the fields of the webhook's object, without braces, and those of the proto they become.
struct ContentRow {
  // What the row shows; of a row of the mapping's documentation, the webhook fields.
  std::string shows;
  std::string json;
  std::string proto;
};

// `{"metadata":…,"message":{"id":"wamid.1","from":"551",JSON}}` becomes `id: "wamid.1" from: "551" PROTO`.
void ExpectMessages(const std::vector<ContentRow>& rows);

// `{"metadata":…,"status":{"id":"wamid.1","status":"sent",JSON}}` becomes `id: "wamid.1" status: MESSAGE_STATUS_SENT
// PROTO`.
void ExpectStatuses(const std::vector<ContentRow>& rows);

// The data of an event: its metadata and one member.
std::string EventData(absl::string_view member, absl::string_view object);

}  // namespace playhead::whatsapp

#endif  // PLAYHEAD_TESTS_PROTO_WHATSAPP_CONTENT_ROWS_H_
