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
  kAfterHandling,  // Automatically, once it has been handled: see client/consumer.h.
  kManually,       // By Consumer::Ack and the other settling methods.
};

struct ConsumeOptions {
  // Creates the consumer if none has that name; config.name may be left empty.
  std::optional<v1::CreateConsumerRequest> create;

  // The first stream that is opened takes the consumer over from its current holder. Later streams, opened after an
  // interruption, do not: otherwise two programs that both want it would take it from each other for ever.
  bool take_over = false;

  Acknowledge acknowledge = Acknowledge::kAfterHandling;

  // How many events may be received and not yet settled: up to 10,000; 0 is the bound in the consumer's configuration.
  uint32_t in_flight_max = 0;

  // How many events are received in total, over all streams; 0 is no bound. The broker hands over no more than that (by
  // manual credit), so no event that nobody asked for is kept from another holder or counts an attempt. Once they have
  // all been handed out, Next waits until Close().
  uint64_t events_max = 0;

  // Extends the deadlines of all received events, including those still in the client's queue, for as long as the
  // program makes progress: until the event handed out last has been in the program's hands for this long. Zero extends
  // nothing.
  absl::Duration extend_deadlines_max = absl::Minutes(10);

  // An event whose handler returned an error is not redelivered before this much time has passed. Up to 12 hours.
  absl::Duration nack_delay = absl::Seconds(1);

  // Bytes received and not yet handed out. When the bound is reached, the stream is not read until some of them are
  // handled. One message (up to 4 MiB) may exceed it; while a confirmation of a settlement is awaited, so may as many
  // events as may be in flight. At least 1.
  size_t buffered_bytes_max = size_t{4} << 20;

  // How long Close waits for settlements that are not confirmed yet.
  absl::Duration close_timeout = absl::Seconds(10);

  // As SubscribeOptions::on_reconnect.
  std::function<void(int attempt, const absl::Status& cause)> on_reconnect;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_CONSUME_OPTIONS_H_
