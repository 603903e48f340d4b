#include "broker/grpc/consumer_messages.h"

#include <utility>

#include "absl/time/time.h"
#include "broker/read/start_position.h"
#include "broker/read/store_position_token.h"
#include "proto/errors.h"
#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::broker {
namespace {

v1::Consumer::Lag::Kind ToProto(EventCount::Kind kind) {
  switch (kind) {
    case EventCount::Kind::kExact:
      return v1::Consumer::Lag::EXACT;
    case EventCount::Kind::kAtMost:
      return v1::Consumer::Lag::AT_MOST;
    case EventCount::Kind::kAtLeast:
      return v1::Consumer::Lag::AT_LEAST;
  }
  return v1::Consumer::Lag::KIND_UNSPECIFIED;
}

absl::StatusOr<ConsumerSource> ToSource(const v1::ConsumerSource& source) {
  switch (source.source_case()) {
    case v1::ConsumerSource::kInstance:
      return ConsumerSource{ConsumerSource::Kind::kInstance, source.instance()};
    case v1::ConsumerSource::kPrefix:
      return ConsumerSource{ConsumerSource::Kind::kPrefix, source.prefix()};
    case v1::ConsumerSource::kAll:
      return ConsumerSource{ConsumerSource::Kind::kAll, ""};
    case v1::ConsumerSource::SOURCE_NOT_SET:
      break;
  }
  return MakeError(Reason::kConsumerInvalid, "a consumer needs a `source`: `instance`, `prefix` or `all`");
}

v1::ConsumerSource ToProto(const ConsumerSource& source) {
  v1::ConsumerSource out;
  switch (source.kind) {
    case ConsumerSource::Kind::kInstance:
      out.set_instance(source.name);
      break;
    case ConsumerSource::Kind::kPrefix:
      out.set_prefix(source.name);
      break;
    case ConsumerSource::Kind::kAll:
      out.mutable_all();
      break;
  }
  return out;
}

}  // namespace

absl::StatusOr<ConsumerConfig> ToConsumerConfig(const v1::ConsumerConfig& config) {
  ConsumerConfig out;
  auto source = ToSource(config.source());
  if (!source.ok()) return source.status();
  out.name = config.name();
  out.source = *std::move(source);
  out.types.assign(config.types().begin(), config.types().end());
  out.id_prefix = config.id_prefix();
  if (config.ack_deadline_ms() != 0) out.ack_deadline = absl::Milliseconds(config.ack_deadline_ms());
  if (config.has_attempts_max()) out.attempts_max = config.attempts_max();
  if (config.in_flight_max() != 0) out.in_flight_max = config.in_flight_max();
  out.shared = config.shared();
  out.allow_gap = !config.stop_at_gap();
  return out;
}

absl::StatusOr<ConsumerStart> ToConsumerStart(const storage::EventLog& log, const v1::ConsumerStart& start) {
  switch (start.position_case()) {
    case v1::ConsumerStart::kAfterCursor:
      return StartPosition(AfterCursor{storage::Cursor(start.after_cursor())});
    case v1::ConsumerStart::kBeginning:
      return StartPosition(FromBeginning{});
    case v1::ConsumerStart::kNow:
      return StartPosition(FromNow{});
    case v1::ConsumerStart::kTime:
      return StartPosition(FromTime{storage::Timestamp(start.time())});
    case v1::ConsumerStart::kToken: {
      const auto position = DecodeStorePosition(log.store_id(), start.token());
      if (!position.ok()) return position.status();
      return AfterPosition{*position};
    }
    case v1::ConsumerStart::POSITION_NOT_SET:
      break;
  }
  return MakeError(Reason::kStartRequired,
                   "`start` is required: `after_cursor`, `beginning`, `now`, `time` or `token`");
}

v1::ConsumerConfig ToProto(const ConsumerConfig& config) {
  v1::ConsumerConfig out;
  out.set_name(config.name);
  *out.mutable_source() = ToProto(config.source);
  for (const std::string& type : config.types) out.add_types(type);
  out.set_id_prefix(config.id_prefix);
  if (config.ack_deadline != absl::InfiniteDuration()) {
    out.set_ack_deadline_ms(static_cast<uint32_t>(absl::ToInt64Milliseconds(config.ack_deadline)));
  }
  out.set_attempts_max(config.attempts_max);
  out.set_in_flight_max(config.in_flight_max);
  out.set_shared(config.shared);
  out.set_stop_at_gap(!config.allow_gap);
  return out;
}

v1::ConsumerPosition ToProto(const storage::EventLog& log, const FeedPosition& position, bool one_instance) {
  v1::ConsumerPosition out;
  if (one_instance) {
    out.set_cursor(position.cursor.value());
  } else {
    out.set_token(EncodeStorePosition(log.store_id(), position));
  }
  return out;
}

v1::ConsumerPause ToProto(ConsumerPause pause) {
  switch (pause) {
    case ConsumerPause::kNone:
      return v1::CONSUMER_PAUSE_NONE;
    case ConsumerPause::kInFlight:
      return v1::CONSUMER_PAUSE_IN_FLIGHT;
    case ConsumerPause::kNoCredit:
      return v1::CONSUMER_PAUSE_NO_CREDIT;
    case ConsumerPause::kExceptionsFull:
      return v1::CONSUMER_PAUSE_EXCEPTIONS_FULL;
    case ConsumerPause::kParkedFull:
      return v1::CONSUMER_PAUSE_PARKED_FULL;
    case ConsumerPause::kStore:
      return v1::CONSUMER_PAUSE_STORE;
    case ConsumerPause::kNoHolder:
      return v1::CONSUMER_PAUSE_NO_HOLDER;
  }
  return v1::CONSUMER_PAUSE_NONE;
}

v1::Consumer ToProto(const storage::EventLog& log, const ConsumerInfo& info) {
  v1::Consumer out;
  *out.mutable_config() = ToProto(info.config);
  out.set_created_at(info.created_at.micros());
  *out.mutable_position() = ToProto(log, info.position, info.config.source.one_instance());
  out.mutable_lag()->set_event_count(info.lag.events);
  out.mutable_lag()->set_kind(ToProto(info.lag.kind));
  out.set_unsettled_count(info.unsettled_events);
  out.set_exception_ranges(static_cast<uint32_t>(info.exception_ranges));
  out.set_in_flight(info.in_flight);
  out.set_parked_count(info.parked_events);
  for (const HolderInfo& holder : info.holders) {
    v1::Consumer::Holder& row = *out.add_holders();
    row.set_key_id(holder.key_id);
    row.set_since(holder.since.micros());
    row.set_in_flight(holder.in_flight);
    row.set_in_flight_max(holder.in_flight_max);
  }
  out.set_pause(ToProto(info.pause));
  return out;
}

v1::ResetConsumerResponse ToProto(const storage::EventLog& log, const ResetResult& result) {
  v1::ResetConsumerResponse out;
  *out.mutable_from() = ToProto(log, result.from, result.one_instance);
  *out.mutable_to() = ToProto(log, result.to, result.one_instance);
  out.set_events_again(result.again.events);
  out.set_events_again_kind(ToProto(result.again.kind));
  out.set_events_skipped(result.skipped.events);
  out.set_events_skipped_kind(ToProto(result.skipped.kind));
  out.set_unparked_count(result.unparked);
  return out;
}

}  // namespace playhead::broker
