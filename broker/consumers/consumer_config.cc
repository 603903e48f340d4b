#include "broker/consumers/consumer_config.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "broker/read/read_rules.h"
#include "proto/errors.h"
#include "storage/event_log.h"
#include "storage/own_instances.h"

namespace playhead::broker {
namespace {

absl::Status Invalid(absl::string_view message) { return MakeError(Reason::kConsumerInvalid, message); }

absl::Status CheckSource(const ConsumerSource& source) {
  switch (source.kind) {
    case ConsumerSource::Kind::kInstance:
      return storage::CheckInstanceName(source.name);
    case ConsumerSource::Kind::kPrefix:
      // A prefix follows the same rules as a name.
      if (storage::CheckInstanceName(source.name).ok()) return absl::OkStatus();
      return Invalid("the source's prefix must be 1 to 200 bytes of [A-Za-z0-9._:@+-]");
    case ConsumerSource::Kind::kAll:
      break;
  }
  return absl::OkStatus();
}

}  // namespace

bool ConsumerSource::Covers(absl::string_view instance) const {
  switch (kind) {
    case Kind::kInstance:
      return instance == name;
    case Kind::kPrefix:
      return absl::StartsWith(instance, name) && (!storage::IsOwnInstance(instance) || storage::IsOwnInstance(name));
    case Kind::kAll:
      break;
  }
  return !storage::IsOwnInstance(instance);
}

absl::Status CheckConsumerConfig(const ConsumerConfig& config) {
  // Consumer names allow the same characters as instance names.
  if (config.name.size() > kConsumerNameBytesMax || !storage::CheckInstanceName(config.name).ok()) {
    return Invalid("a consumer's name has 1 to 100 bytes of [A-Za-z0-9._:@+-]");
  }
  if (absl::Status status = CheckSource(config.source); !status.ok()) return status;
  const bool has_none = config.overtake && config.ack_deadline == absl::InfiniteDuration();
  if (!has_none && (config.ack_deadline < kAckDeadlineMin || config.ack_deadline > kAckDeadlineMax)) {
    return Invalid("the deadline for acknowledgements is 1 second to 12 hours");
  }
  if (config.attempts_max > kAttemptsMaxMax) {
    return Invalid(absl::StrCat("`attempts_max` is 1 to ", kAttemptsMaxMax, ", or 0 for never"));
  }
  if (config.in_flight_max == 0 || config.in_flight_max > kInFlightMaxMax) {
    return Invalid(absl::StrCat("`in_flight_max` is 1 to ", kInFlightMaxMax));
  }
  return MakeConsumerFilter(config).status();
}

absl::StatusOr<std::shared_ptr<const storage::EventFilter>> MakeConsumerFilter(const ConsumerConfig& config) {
  return MakeFilter(std::vector<absl::string_view>(config.types.begin(), config.types.end()), config.id_prefix);
}

}  // namespace playhead::broker
