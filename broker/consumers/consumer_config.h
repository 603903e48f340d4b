// The configuration of a consumer: its name, its source, and its rules. Immutable.
#ifndef PLAYHEAD_BROKER_CONSUMERS_CONSUMER_CONFIG_H_
#define PLAYHEAD_BROKER_CONSUMERS_CONSUMER_CONFIG_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "storage/event_filter.h"

namespace playhead::broker {

inline constexpr size_t kConsumerNameBytesMax = 100;
inline constexpr absl::Duration kAckDeadlineMin = absl::Seconds(1);
inline constexpr absl::Duration kAckDeadlineMax = absl::Hours(12);
inline constexpr uint32_t kAttemptsMaxMax = 1'000;
inline constexpr uint32_t kInFlightMaxMax = 10'000;
// The longest delay of a negative acknowledgement.
inline constexpr absl::Duration kNackDelayMax = absl::Hours(12);

// The instances whose events a consumer gets.
struct ConsumerSource {
  enum class Kind {
    kInstance,  // The one of the name `name`.
    kPrefix,    // All whose names start with `name`, including those created later.
    kAll,       // All except the broker's own, including those created later; `name` is empty.
  };
  Kind kind = Kind::kInstance;
  std::string name;

  bool one_instance() const { return kind == Kind::kInstance; }
  // Whether the source includes events of the instance.
  bool Covers(absl::string_view instance) const;

  friend bool operator==(const ConsumerSource&, const ConsumerSource&) = default;
};

struct ConsumerConfig {
  std::string name;  // 1 to 100 bytes of [A-Za-z0-9._:@+-]; unique in the broker.
  ConsumerSource source;
  std::vector<std::string> types;  // As EventFilter::Make.
  std::string id_prefix;
  // InfiniteDuration() means no deadline, which is allowed with overtaking: then events are redelivered only when their
  // holder goes, which does not count as a failed attempt.
  absl::Duration ack_deadline = absl::Seconds(30);
  uint32_t attempts_max = 16;     // An event that has failed this many times is parked; 0 never parks.
  uint32_t in_flight_max = 1000;  // Events handed over and not settled, over all holders.
  bool shared = false;            // Many holders at once.
  bool allow_gap = true;          // Events trimmed before delivery are reported and passed over.
  // A failed event holds later ones back only until it is redelivered, not until it is settled. A full parked list does
  // not hold them back either: events that have no room in it are given up without a row.
  bool overtake = false;

  friend bool operator==(const ConsumerConfig&, const ConsumerConfig&) = default;
};

// The name prefix of the broker's own consumers, which hold the state of clients' sessions (broker/sessions). Only the
// broker creates them. A list of consumers has them only if the requested prefix begins with this, and neither the
// bound on consumers nor retention counts them.
inline constexpr absl::string_view kSessionNamePrefix = "session.";
inline bool IsSessionName(absl::string_view name) { return absl::StartsWith(name, kSessionNamePrefix); }

// InvalidArgument: CONSUMER_INVALID, INSTANCE_NAME_INVALID, FILTER_INVALID.
absl::Status CheckConsumerConfig(const ConsumerConfig& config);

// The filter of a configuration; nullptr if it lets everything through that is not hidden.
absl::StatusOr<std::shared_ptr<const storage::EventFilter>> MakeConsumerFilter(const ConsumerConfig& config);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_CONSUMER_CONFIG_H_
