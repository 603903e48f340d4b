// Upstream gaps: a publisher records, in its place among the events, that its source was down and for how long, so that
// readers know of events that never reached the log. The record is an event like any other, of the type below, whose
// data is the JSON object {"from":<us>,"to":<us>,"reason":"..."}; docs/architecture.md says how each kind of reader
// sees it.
#ifndef PLAYHEAD_PROTO_UPSTREAM_GAP_H_
#define PLAYHEAD_PROTO_UPSTREAM_GAP_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead {

// The one type beginning with `playhead.` that a publisher may use.
inline constexpr absl::string_view kUpstreamGapType = "playhead.upstream_gap";

inline constexpr size_t kUpstreamGapReasonBytesMax = 1000;

// Times are microseconds since the Unix epoch, UTC, below 2^53 so that they survive a JSON number.
struct UpstreamGap {
  int64_t from = 0;    // When the source went down; positive.
  int64_t to = 0;      // When it was up again; not before `from`.
  std::string reason;  // For people: up to kUpstreamGapReasonBytesMax of UTF-8; may be empty.
};

// InvalidArgument (EVENT_INVALID) if a member breaks its rule; the message says which.
absl::Status CheckUpstreamGap(const UpstreamGap& gap);

// The data of the event. REQUIRES: CheckUpstreamGap(gap).ok().
std::string EncodeUpstreamGap(const UpstreamGap& gap);

// Reads the data of such an event. InvalidArgument (EVENT_INVALID) unless it is an object with `from`, `to` and
// optionally `reason`, each once and valid as above, and nothing else.
absl::StatusOr<UpstreamGap> ParseUpstreamGap(absl::string_view data);

}  // namespace playhead

#endif  // PLAYHEAD_PROTO_UPSTREAM_GAP_H_
