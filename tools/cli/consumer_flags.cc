#include "tools/cli/consumer_flags.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/text.h"

namespace playhead::tools {

void ConsumerStartFlags::Add(FlagSet& flags) {
  flags.OptionalNumber("after", &after, "CURSOR", "After this cursor; for a consumer of one instance.");
  flags.Text("from", &from, "WHERE",
             "At the `beginning` (the first kept event), `now`, or a time: 2026-01-31T12:00:00Z.");
  flags.Text("position", &position, "TOKEN",
             "At this position of a consumer of many instances, as `consumers show` prints it.");
}

absl::StatusOr<v1::ConsumerStart> ConsumerStartFlags::start() const {
  if (after.has_value() + !from.empty() + !position.empty() != 1) {
    return UsageError("give one of --from, --after and --position");
  }
  v1::ConsumerStart start;
  if (after.has_value()) {
    start.set_after_cursor(*after);
  } else if (!position.empty()) {
    start.set_token(position);
  } else if (from == "beginning") {
    start.mutable_beginning();
  } else if (from == "now") {
    start.mutable_now();
  } else if (const auto time = ParseTime(from); time.has_value()) {
    start.set_time(absl::ToUnixMicros(*time));
  } else {
    return UsageError(
        absl::StrCat("--from: \"", from, "\" is not beginning, now or a time such as 2026-01-31T12:00:00Z"));
  }
  return start;
}

void ConsumerFlags::Add(FlagSet& flags) {
  flags.Section("What it reads");
  flags.Text("instance", &instance, "NAME", "One instance.");
  flags.Text("prefix", &prefix, "PREFIX", "All instances whose names start with this, including future ones.");
  flags.Bool("all", &all, "All instances.");
  flags.Text("types", &types, "A,B*", "Only events of these types; a trailing * matches any ending.");
  flags.Text("id_prefix", &id_prefix, "PREFIX", "Only events whose id starts with this.");
  flags.Section("Where it starts");
  start.Add(flags);
  flags.Section("How it delivers");
  flags.Duration("ack_deadline", &ack_deadline, absl::Seconds(1), absl::Hours(12),
                 "How long a holder may take for an event before it is redelivered.");
  flags.Number<uint32_t>("attempts_max", &attempts_max, 0, 1000,
                         "Park an event after this many failed attempts; 0 is never.");
  flags.Number<uint32_t>("in_flight_max", &in_flight_max, 1, 10'000,
                         "The most events that are handed out and not settled, over all holders.");
  flags.Bool("shared", &shared, "Several holders may hold it at once and share its events.");
  flags.Bool("stop_at_gap", &stop_at_gap, "Stop where history was trimmed, instead of continuing after the gap.");
}

absl::StatusOr<v1::CreateConsumerRequest> ConsumerFlags::request(const std::string& name) const {
  if (!instance.empty() + !prefix.empty() + all != 1) return UsageError("give one of --instance, --prefix and --all");
  v1::CreateConsumerRequest request;
  v1::ConsumerConfig& config = *request.mutable_config();
  config.set_name(name);
  if (!instance.empty()) config.mutable_source()->set_instance(instance);
  if (!prefix.empty()) config.mutable_source()->set_prefix(prefix);
  if (all) config.mutable_source()->mutable_all();
  if (!types.empty()) {
    for (const absl::string_view type : absl::StrSplit(types, ',')) config.add_types(std::string(type));
  }
  config.set_id_prefix(id_prefix);
  config.set_ack_deadline_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(ack_deadline)));
  config.set_attempts_max(attempts_max);
  config.set_in_flight_max(in_flight_max);
  config.set_shared(shared);
  config.set_stop_at_gap(stop_at_gap);
  if (!start.given()) {
    request.mutable_start()->mutable_beginning();
    return request;
  }
  const auto where = start.start();
  if (!where.ok()) return where.status();
  *request.mutable_start() = *where;
  return request;
}

}  // namespace playhead::tools
