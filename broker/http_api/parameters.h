// The query parameters of the HTTP API, in the broker's own terms.
#ifndef PLAYHEAD_BROKER_HTTP_API_PARAMETERS_H_
#define PLAYHEAD_BROKER_HTTP_API_PARAMETERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/http/request.h"
#include "broker/start_position.h"
#include "storage/cursor.h"

namespace playhead::broker::http_api {

// MALFORMED_REQUEST if the query has a parameter that is not among `names`, or has one twice: a misspelt `allow_gap`
// must not silently do something other than what was asked for.
absl::Status CheckParameters(const http::Request& request, absl::Span<const absl::string_view> names);

// Each is nullopt if the parameter is not there. MALFORMED_REQUEST if it is no whole number, or neither `true` nor
// `false`; of a cursor POSITION_INVALID.
absl::StatusOr<std::optional<uint64_t>> NumberParameter(const http::Request& request, absl::string_view name);
absl::StatusOr<bool> FlagParameter(const http::Request& request, absl::string_view name);
absl::StatusOr<std::optional<storage::Cursor>> CursorParameter(const http::Request& request, absl::string_view name);
// The parts between commas; none if it is not there or empty.
std::vector<absl::string_view> ListParameter(const http::Request& request, absl::string_view name);

// What `from` says: `beginning`, `now`, RFC 3339, or microseconds since 1970. MALFORMED_REQUEST.
absl::StatusOr<StartPosition> ParseFrom(absl::string_view text);

// Where to read from, as the request says it.
struct StartText {
  absl::string_view text;
  bool is_after = false;  // It is a position behind which a client goes on, else as of ParseFrom.
};

// The header Last-Event-ID, which is what the client has come to since its URL was made, or else `after`, or `from`.
//   InvalidArgument  MALFORMED_REQUEST: both of the latter; START_REQUIRED: none of them.
absl::StatusOr<StartText> ReadStartText(const http::Request& request);

// The same for one log, whose positions are cursors.
//   InvalidArgument  as above; POSITION_INVALID.
absl::StatusOr<StartPosition> ReadStart(const http::Request& request);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_PARAMETERS_H_
