// What a client says when it opens the stream of events, wherever it says it.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_CONNECT_REQUEST_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_CONNECT_REQUEST_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "broker/http/request.h"

namespace playhead::broker::vzaps {

// Names in one `events`, over all its occurrences.
inline constexpr size_t kEventNamesMax = 256;

struct ConnectRequest {
  std::string access_token;
  std::string client_token;    // A key's id; may be empty.
  std::string instance_token;  // A key's secret.
  std::string instance;
  std::vector<std::string> events;  // As given, without the blanks around them; empty ones left out.
  std::string last_event_id;        // Empty if there is none.
  bool reads_within_5s = false;     // It is PHP's, which takes a connection for dead when nothing comes for 5 s.
};

// SDKs name credentials in headers (Java, .NET), in the query (browsers, which have no choice), or in both. Events come
// as one list with commas or as a parameter for each.
//   Unauthenticated  UNAUTHENTICATED: a credential is missing, or the two places differ.
//   InvalidArgument  MALFORMED_REQUEST: no instance_id, or too many names.
absl::StatusOr<ConnectRequest> ReadConnectRequest(const http::Request& request);

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_CONNECT_REQUEST_H_
