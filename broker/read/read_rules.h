// The rules for every read request, whatever its protocol.
#ifndef PLAYHEAD_BROKER_READ_READ_RULES_H_
#define PLAYHEAD_BROKER_READ_READ_RULES_H_

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/auth/caller.h"
#include "storage/event_filter.h"

namespace playhead::broker {

// Returns the filter for these patterns; nullptr if it would filter nothing. InvalidArgument (FILTER_INVALID).
absl::StatusOr<std::shared_ptr<const storage::EventFilter>> MakeFilter(absl::Span<const absl::string_view> types,
                                                                       absl::string_view id_prefix);

// The maximum number of events that a fetch with this `limit` returns: 0 is the default. InvalidArgument
// (LIMIT_INVALID).
absl::StatusOr<uint32_t> CheckFetchLimit(uint64_t limit);

// Whether `caller` may read `instance` through `filter`, which may be nullptr: as Caller::Check for kSubscribe, and
// also for kManage if the filter names hidden types, since those events were not verified.
absl::Status CheckReader(const Caller& caller, absl::string_view instance, const storage::EventFilter* filter);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_READ_READ_RULES_H_
