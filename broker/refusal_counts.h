// Counts refusals by reason, over all protocols.
#ifndef PLAYHEAD_BROKER_REFUSAL_COUNTS_H_
#define PLAYHEAD_BROKER_REFUSAL_COUNTS_H_

#include <cstdint>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"

namespace playhead::broker {

// Counts a refusal with `code`, one of the few of proto/errors.h. The counts belong to the process, as its log does
// (broker/log.h). Thread-safe.
void CountRefusal(absl::string_view code);

// Counts a QUOTA_EXCEEDED by the limit that caused it; there are few. Thread-safe.
void CountQuotaRefusal(absl::string_view limit);

// By code and by limit, without those that were never given. Thread-safe.
absl::btree_map<std::string, uint64_t> RefusalCounts();
absl::btree_map<std::string, uint64_t> QuotaRefusalCounts();

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_REFUSAL_COUNTS_H_
