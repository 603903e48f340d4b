// Turns the event that records an upstream gap (proto/upstream_gap.h) into the gap notice that a reader gets.
#ifndef PLAYHEAD_CLIENT_INTERNAL_UPSTREAM_GAP_NOTICE_H_
#define PLAYHEAD_CLIENT_INTERNAL_UPSTREAM_GAP_NOTICE_H_

#include <optional>
#include <string>

#include "google/protobuf/repeated_field.h"
#include "playhead/v1/event_log.pb.h"
#include "proto/event_wire.h"
#include "proto/upstream_gap.h"

namespace playhead::internal {

// Cheap: the length alone rules out nearly every event.
inline bool IsUpstreamGap(const EventView& event) { return event.type == kUpstreamGapType; }

// nullopt if the event is not one, or is malformed (stored before brokers validated it): it is then an ordinary event.
std::optional<v1::Gap> UpstreamGapNotice(const EventView& event);

// The broker's limit on the types of a request.
inline constexpr int kTypesMax = 64;

// Gap handlers get upstream gaps whatever types the program asks for. Adds their type to `types` (exact names, or
// `prefix*`; none for all), unless these already include it or there is no room. Returns whether they already did.
bool AskForUpstreamGaps(google::protobuf::RepeatedPtrField<std::string>& types);

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_UPSTREAM_GAP_NOTICE_H_
