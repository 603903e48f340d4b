// Consumer: reads as a named consumer, whose position the broker keeps. Every event is redelivered until it is settled
// (acknowledged, or parked), so it is handled at least once, whichever side restarts. docs/clients/consumers.md
// explains the model; proto/playhead/v1/consumers.proto has its exact rules.
//
//   absl::StatusOr<Consumer> consumer = client.Consume("crm", {});
// Handlers:
//   consumer->On("message", [](const Delivery& delivery) { return Store(delivery.event()); });
//   consumer->Start();
//   consumer->WaitForClose();
// Pull:
//   while (true) {
//     absl::StatusOr<Delivery> delivery = consumer->Next();
//     if (!delivery.ok()) break;
//     Handle(*delivery);
//   }
//   DeliveryBatch batch;
//   while (consumer->NextBatch(batch).ok()) ...            // The fastest: one message at a time.
//
// Acknowledging. With Acknowledge::kAfterHandling, the default, an event is acknowledged once it has been handled: with
// handlers, when all handlers for its type have returned OK; when pulling, when the next event is asked for. If a
// handler returns an error, the event is redelivered after ConsumeOptions::nack_delay; Delivery says which attempt it
// is. With kManually, events are settled only by the methods below, from any thread and in any order, and the result of
// a handler is ignored. kAfterHandling, too, leaves events alone that were settled by those methods. Settlements are
// sent in batches; a SettledCallback reports when one is on disk.
//
// Deadlines are extended automatically, also those of queued events: see ConsumeOptions::extend_deadlines_max.
//
// Reconnecting. As in Subscription, a new attempt is made, with backoff, after a lost connection, a silent stream, a
// broker that stops, another holder (CONSUMER_BUSY), or a reset (CONSUMER_RESET). Events that were delivered and not
// settled are then redelivered; those that were settled and not confirmed may be. These errors are terminal, with the
// broker's reason:
//   Aborted, CONSUMER_TAKEN_OVER   another holder has taken the consumer over. It may get events whose settlement was
//                                  not confirmed here.
//   NotFound, CONSUMER_NOT_FOUND   no consumer has that name (any more).
//   Others                         every other refusal that the broker marks as not retryable; or the attempts that
//                                  backoff allows are used up.
//
// Thread safety: Next and NextBatch may be called from one thread at a time, the On... methods before the first Next or
// NextBatch or before Start(), everything else from any thread; settling and Close() also from handlers and callbacks.
// Handlers run one at a time on a thread that the consumer owns, and may block; they must not throw. Memory:
// ConsumeOptions::buffered_bytes_max and one message; some 16 bytes for each event that is not settled, and for each
// settlement that is not confirmed and has a callback.
#ifndef PLAYHEAD_CLIENT_CONSUMER_H_
#define PLAYHEAD_CLIENT_CONSUMER_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/consume_options.h"
#include "client/delivery.h"
#include "client/options.h"
#include "playhead/v1/consumers.pb.h"

namespace playhead {

class Connection;

// Called once with the outcome of a settlement, on any thread, possibly inside the settling call; must be quick.
//   OK                  on disk: it survives any crash, and the events it settled are never redelivered by themselves.
//   FailedPrecondition  NOT_HELD: too late. The stream that brought the event has ended, the event's deadline has
//                       passed, or it was settled before.
//   Unavailable         the stream ended before the broker confirmed it: either it counts, or the event is redelivered.
//   Others              the error with which the consumer failed.
using SettledCallback = std::function<void(const absl::Status&)>;

class Consumer {
 public:
  ~Consumer();  // Close() and WaitForClose(). Not from a handler or a callback.
  Consumer(Consumer&&) noexcept;
  Consumer& operator=(Consumer&&) noexcept;

  // ---- Pull ----

  // Blocks for the next event.
  //   DeadlineExceeded    none came until `deadline`; ask again.
  //   Cancelled           the consumer was closed.
  //   FailedPrecondition  the consumer runs handlers.
  //   Others              terminal; see above. The same from then on.
  absl::StatusOr<Delivery> Next(absl::Time deadline = absl::InfiniteFuture());

  // Blocks for the next run of events of one instance, at least one.
  absl::Status NextBatch(DeliveryBatch& batch, absl::Time deadline = absl::InfiniteFuture());

  // ---- Settling ----

  void Ack(const Delivery& delivery, SettledCallback done = nullptr);
  void Ack(const DeliveryBatch& batch, SettledCallback done = nullptr);
  // Acknowledges all received events of the delivery's instance, up to this one, that are not settled.
  void AckUpTo(const Delivery& delivery, SettledCallback done = nullptr);
  // The event was not handled. It is redelivered with one more attempt, not before `delay` (up to 12 hours) has passed;
  // if this attempt was the last, it is parked. The reason is for people: up to 512 bytes are kept if this parks the
  // event.
  void Nack(const Delivery& delivery, absl::Duration delay, absl::string_view reason, SettledCallback done = nullptr);
  // The event cannot be handled: parks it at once.
  void Park(const Delivery& delivery, absl::string_view reason, SettledCallback done = nullptr);
  // The event is still being handled: restarts its deadline. Only needed where ConsumeOptions::extend_deadlines_max is
  // not enough.
  void InProgress(const Delivery& delivery);

  // Waits until all settlements made before this call are confirmed or refused.
  //   DeadlineExceeded  not in time.   Unavailable  a stream ended first: some events may be redelivered.
  absl::Status Flush(absl::Time deadline = absl::InfiniteFuture());

  // ---- Notices, for handlers and for pull: called in their place among the events, on the thread that gets events
  // ----

  // A stream was opened, for the first time or again.
  Consumer& OnOpen(std::function<void(const v1::ConsumeResponse::Opened&)> handler);
  // All events up to the head have been handed out; what follows is live.
  Consumer& OnCaughtUp(std::function<void()> handler);
  // Events of an instance are missing: they were trimmed before they were settled, or the publisher's source was down
  // (cause UPSTREAM). The latter is reported only if the consumer's types let the event that records it through; that
  // event is handed out too, after the notice, and is settled like any other.
  Consumer& OnGap(std::function<void(const std::string& instance, const v1::Gap&)> handler);

  // ---- Handlers ----

  // Adds a handler for events of `type`, or of every type if it is "*". An event goes to the handlers of its type, then
  // to those of "*", in the order in which they were added, until one returns an error. An event without a handler
  // counts as handled.
  Consumer& On(absl::string_view type, std::function<absl::Status(const Delivery&)> handler);
  // The consumer failed for good; called right before OnClose.
  Consumer& OnError(std::function<void(const absl::Status&)> handler);
  // The last call: OK after Close(), else the terminal error.
  Consumer& OnClose(std::function<void(const absl::Status&)> handler);

  // Starts to call handlers. REQUIRES: not started, and nothing pulled.
  void Start();

  // ---- Both ----

  // Blocks until the consumer is held for the first time.   DeadlineExceeded, or the terminal status.
  absl::Status WaitForOpen(absl::Time deadline = absl::InfiniteFuture());

  // Stops handing out events: Next returns, and no handler is called after the one that is running. Events that were
  // received and not settled are redelivered to the consumer's next holder. Does not wait.
  void Close();

  // Waits until the consumer has ended, after Close() or by a terminal error: settlements are confirmed, or
  // ConsumeOptions::close_timeout has passed; every callback of theirs has returned, and so has OnClose if handlers run.
  // Returns status(). Not from a handler or a callback.
  absl::Status WaitForClose();

  // OK while the consumer runs and after Close(); the terminal error after it has failed.
  absl::Status status() const;

 private:
  friend class Client;
  class Impl;

  explicit Consumer(std::unique_ptr<Impl> impl);

  static absl::StatusOr<Consumer> Create(std::shared_ptr<Connection> connection, const ClientOptions& client_options,
                                         absl::string_view name, ConsumeOptions options);

  std::unique_ptr<Impl> impl_;  // nullptr when moved from.
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_CONSUMER_H_
