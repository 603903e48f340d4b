// How often each reason was given, over all protocols.
#ifndef PLAYHEAD_BROKER_REFUSAL_COUNTS_H_
#define PLAYHEAD_BROKER_REFUSAL_COUNTS_H_

#include <cstdint>
#include <string>

#include "absl/container/btree_map.h"
#include "absl/strings/string_view.h"

namespace playhead::broker {

// `code`: of proto/errors.h; there are few. Of the process, as its log is (broker/log.h). Thread-safe.
void CountRefusal(absl::string_view code);

// Of QUOTA_EXCEEDED: which limit it was; there are few. Thread-safe.
void CountQuotaRefusal(absl::string_view limit);
absl::btree_map<std::string, uint64_t> QuotaRefusalCounts();

// By code, of those that were given at all. Thread-safe.
absl::btree_map<std::string, uint64_t> RefusalCounts();

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_REFUSAL_COUNTS_H_
