// The options of a consumer (client/consumer.h).
#ifndef PLAYHEAD_CLIENT_CONSUME_OPTIONS_H_
#define PLAYHEAD_CLIENT_CONSUME_OPTIONS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "playhead/v1/consumers.pb.h"

namespace playhead {

enum class Acknowledge {
  kAfterHandling,  // Automatically, once it was handled: see client/consumer.h.
  kManually,       // By Consumer::Ack and its like.
};

struct ConsumeOptions {
  // Makes the consumer if there is none of that name; its config.name may be left empty.
  std::optional<v1::CreateConsumerRequest> create;

  // Takes the consumer from whoever holds it, with the first stream that is opened. Later ones, after an interruption,
  // take it from nobody: else two that both want it would take it from each other for ever.
  bool take_over = false;

  Acknowledge acknowledge = Acknowledge::kAfterHandling;

  // How many events may be received and not settled: up to 10,000; 0 is what the consumer is made for.
  uint32_t in_flight_max = 0;

  // How many events are received in all, over every stream; 0 is no bound. The broker hands over no more (its manual
  // credit), so that none is taken from another holder, or counts an attempt, that nobody asked for. Once they were
  // handed out Next waits until Close().
  uint64_t events_max = 0;

  // Keeps the deadlines of everything that was received from passing, those in the queue here included, for as long as
  // the program goes on: until what was handed out last has been handled for this long. Zero extends nothing.
  absl::Duration extend_deadlines_max = absl::Minutes(10);

  // An event whose handler returned an error does not come again before this much time has passed. Up to 12 hours.
  absl::Duration nack_delay = absl::Seconds(1);

  // Received and not yet handed out; when it is reached the stream is not read any further until some of it is handled.
  // One message (up to 4 MiB) may exceed it; while somebody waits for a settlement to be confirmed, as many events as
  // may be in flight. At least 1.
  size_t buffered_bytes_max = size_t{4} << 20;

  // What Close grants to settlements that are not confirmed yet.
  absl::Duration close_timeout = absl::Seconds(10);

  // As SubscribeOptions::on_reconnect.
  std::function<void(int attempt, const absl::Status& cause)> on_reconnect;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_CONSUME_OPTIONS_H_
