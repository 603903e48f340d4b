// How a reader hears of an upstream gap: the event that records one (proto/upstream_gap.h) as the notice of a gap.
#ifndef PLAYHEAD_CLIENT_INTERNAL_UPSTREAM_GAP_NOTICE_H_
#define PLAYHEAD_CLIENT_INTERNAL_UPSTREAM_GAP_NOTICE_H_

#include <optional>
#include <string>

#include "google/protobuf/repeated_field.h"
#include "playhead/v1/event_log.pb.h"
#include "proto/event_wire.h"
#include "proto/upstream_gap.h"

namespace playhead::internal {

// Of nearly every event the length alone says no.
inline bool IsUpstreamGap(const EventView& event) { return event.type == kUpstreamGapType; }

// nullopt if the event is none, or was stored before brokers checked what it says: it is then an event like others.
std::optional<v1::Gap> UpstreamGapNotice(const EventView& event);

// The broker's bound on the types of a request.
inline constexpr int kTypesMax = 64;

// A gap handler hears of upstream gaps whatever types the program asks for: adds theirs, unless what is asked for
// (exact names, or `prefix*`; none for all) lets them through by itself, or there is no room. Returns whether it does.
bool AskForUpstreamGaps(google::protobuf::RepeatedPtrField<std::string>& types);

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_UPSTREAM_GAP_NOTICE_H_
