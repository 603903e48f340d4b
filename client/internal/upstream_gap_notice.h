// How a reader hears of an upstream gap: the event that records one (proto/upstream_gap.h) as the notice of a gap.
#ifndef PLAYHEAD_CLIENT_INTERNAL_UPSTREAM_GAP_NOTICE_H_
#define PLAYHEAD_CLIENT_INTERNAL_UPSTREAM_GAP_NOTICE_H_

#include <optional>
#include <string>
#include <vector>

#include "playhead/v1/event_log.pb.h"
#include "proto/event_wire.h"
#include "proto/upstream_gap.h"

namespace playhead::internal {

// Of nearly every event the length alone says no.
inline bool IsUpstreamGap(const EventView& event) { return event.type == kUpstreamGapType; }

// nullopt if the event is none, or was stored before brokers checked what it says: it is then an event like others.
std::optional<v1::Gap> UpstreamGapNotice(const EventView& event);

// Whether a filter of these types (exact names, or `prefix*`; none for all) lets such events through by itself.
bool MatchUpstreamGaps(const std::vector<std::string>& types);

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_UPSTREAM_GAP_NOTICE_H_
