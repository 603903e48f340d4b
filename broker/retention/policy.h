// The rules for retention policies, and the effect of a policy on one log. proto/playhead/v1/retention.proto defines
// the fields.
#ifndef PLAYHEAD_BROKER_RETENTION_POLICY_H_
#define PLAYHEAD_BROKER_RETENTION_POLICY_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "playhead/v1/retention.pb.h"
#include "storage/event_log.h"
#include "storage/type_life.h"

namespace playhead::broker::retention {

using Policy = v1::RetentionPolicy;

inline constexpr size_t kTypeLivesMax = 64;
inline constexpr uint64_t kSecondsMax = uint64_t{100} * 365 * 24 * 3600;

// InvalidArgument (LIMIT_INVALID, FILTER_INVALID); the message says what is allowed.
absl::Status CheckPolicy(const Policy& policy);

// Whether the policy ever trims; lives of types alone do not.
bool Trims(const Policy& policy);

// nullptr if it names no type.
std::shared_ptr<const storage::TypeLives> LivesOf(const Policy& policy);

// The queries of a policy to a log. Each returns a sequence; 0 is before the first event.
struct LogQuestions {
  absl::FunctionRef<absl::StatusOr<uint64_t>(absl::Duration age)> last_older_than;   // The last event older than it.
  absl::FunctionRef<absl::StatusOr<uint64_t>(uint64_t bytes)> last_beyond_bytes;     // The last that does not fit.
  absl::FunctionRef<absl::StatusOr<std::optional<uint64_t>>()> last_settled_by_all;  // nullopt: there is no consumer.
};

// The sequence of the last event that the policy does not keep, so that the log may be trimmed up to it; at least that
// of the last event that is already gone from a log with these bounds.
absl::StatusOr<uint64_t> LastToGo(const Policy& policy, const storage::LogBounds& bounds, const LogQuestions& log);

}  // namespace playhead::broker::retention

#endif  // PLAYHEAD_BROKER_RETENTION_POLICY_H_
