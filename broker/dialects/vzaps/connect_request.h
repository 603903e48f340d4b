// The parameters of a client's request for the stream of events, from its headers and its query.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_CONNECT_REQUEST_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_CONNECT_REQUEST_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/http/request.h"

namespace playhead::broker::vzaps {

// The maximum number of names in `events`, over all its occurrences.
inline constexpr size_t kEventNamesMax = 256;

struct ConnectRequest {
  std::string access_token;
  std::string client_token;    // A key's id; may be empty.
  std::string instance_token;  // A key's secret.
  std::string instance;
  std::vector<std::string> events;  // As given, but trimmed, and without empty ones.
  std::string last_event_id;        // Empty if there is none.
  bool reads_within_5s = false;     // PHP's client, which considers a connection dead after 5 s of silence.
};

// SDKs send credentials in headers (Java, .NET), in the query (browsers, which have no choice), or in both. `events` is
// one list with commas, or one parameter per event.
//   Unauthenticated  UNAUTHENTICATED: a credential is missing, or the two places differ.
//   InvalidArgument  MALFORMED_REQUEST: no instance_id, or too many names.
absl::StatusOr<ConnectRequest> ReadConnectRequest(const http::Request& request);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_CONNECT_REQUEST_H_
