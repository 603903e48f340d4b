// A consumer's settings and start as flags, for commands that create one or set its position.
#ifndef PLAYHEAD_TOOLS_CLI_CONSUMER_FLAGS_H_
#define PLAYHEAD_TOOLS_CLI_CONSUMER_FLAGS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "playhead/v1/consumers.pb.h"
#include "tools/cli/flags.h"

namespace playhead::tools {

struct ConsumerStartFlags {
  std::optional<uint64_t> after;
  std::string from;
  std::string position;

  void Add(FlagSet& flags);
  bool given() const { return after.has_value() || !from.empty() || !position.empty(); }
  // Exit code 2 unless exactly one of them is given, with a valid value.
  absl::StatusOr<v1::ConsumerStart> start() const;
};

struct ConsumerFlags {
  std::string instance;
  std::string prefix;
  bool all = false;
  std::string types;
  std::string id_prefix;
  absl::Duration ack_deadline = absl::Seconds(30);
  uint32_t attempts_max = 16;
  uint32_t in_flight_max = 1000;
  bool shared = false;
  bool stop_at_gap = false;
  ConsumerStartFlags start;

  void Add(FlagSet& flags);
  bool given() const { return !instance.empty() || !prefix.empty() || all; }
  // Exit code 2 unless exactly one source is given. The default start is the beginning.
  absl::StatusOr<v1::CreateConsumerRequest> request(const std::string& name) const;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_CONSUMER_FLAGS_H_
