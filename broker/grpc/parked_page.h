// Builds a page of a consumer's parked list, with the events themselves if requested.
#ifndef PLAYHEAD_BROKER_GRPC_PARKED_PAGE_H_
#define PLAYHEAD_BROKER_GRPC_PARKED_PAGE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/consumers/consumer_info.h"
#include "playhead/v1/consumers.pb.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Builds a page of the first `page_size` of `rows`; a further row means that there is another page. Events are read one
// after the other, until the page has the maximum size of a message. An event that can no longer be read is `gone`.
// `done` runs once, inside the call or on a thread of `log`. Errors: as EventLog::Read, except for events that are
// gone.
void MakeParkedPage(storage::EventLog& log, std::vector<ParkedRow> rows, size_t page_size, bool with_events,
                    storage::Callback<v1::ListParkedResponse> done);

// Returns the number after which the page starts; 0 for the first page, whose token is empty.
//   InvalidArgument  PAGE_TOKEN_INVALID.
absl::StatusOr<uint64_t> DecodeParkedToken(absl::string_view token);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_PARKED_PAGE_H_
