// Parses the query parameters of the HTTP API.
#ifndef PLAYHEAD_BROKER_HTTP_API_PARAMETERS_H_
#define PLAYHEAD_BROKER_HTTP_API_PARAMETERS_H_

#include <cstdint>
#include <optional>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/http/request.h"
#include "broker/read/start_position.h"
#include "storage/cursor.h"

namespace playhead::broker::http_api {

// MALFORMED_REQUEST if the query has a parameter that is not among `names`, or one twice: a misspelt `allow_gap` must
// not silently change the meaning of a request.
absl::Status CheckParameters(const http::Request& request, absl::Span<const absl::string_view> names);

// Number and cursor are nullopt, and a flag is false, if the parameter is absent. MALFORMED_REQUEST if it is not a
// whole number, or neither `true` nor `false`; POSITION_INVALID for a cursor that is not a number.
absl::StatusOr<std::optional<uint64_t>> NumberParameter(const http::Request& request, absl::string_view name);
absl::StatusOr<bool> FlagParameter(const http::Request& request, absl::string_view name);
absl::StatusOr<std::optional<storage::Cursor>> CursorParameter(const http::Request& request, absl::string_view name);
// The parts between commas; none if the parameter is absent or empty.
std::vector<absl::string_view> ListParameter(const http::Request& request, absl::string_view name);

// The meaning of `from`: `beginning`, `now`, RFC 3339, or microseconds since 1970. MALFORMED_REQUEST.
absl::StatusOr<StartPosition> ParseFrom(absl::string_view text);

// The request's text for where to read from.
struct StartText {
  absl::string_view text;
  bool is_after = false;  // A position to continue after; else text for ParseFrom.
};

// The header Last-Event-ID, which is more recent than the request's URL, else `after`, else `from`.
//   InvalidArgument  MALFORMED_REQUEST: both `after` and `from`; START_REQUIRED: none of the three.
absl::StatusOr<StartText> ReadStartText(const http::Request& request);

// The same for one log, whose positions are cursors.
//   InvalidArgument  as above; POSITION_INVALID.
absl::StatusOr<StartPosition> ReadStart(const http::Request& request);

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_PARAMETERS_H_
