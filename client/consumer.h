// Consumer: reads as a named consumer, whose position the broker keeps: every event is delivered until it is settled
// (acknowledged, or parked), so that it is handled at least once, whoever restarts. docs/clients/consumers.md explains
// the model; proto/playhead/v1/consumers.proto has its exact rules.
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
//   while (consumer->NextBatch(batch).ok()) ...            // The fastest: a message at a time.
//
// Acknowledging. With Acknowledge::kAfterHandling, the default, an event is acknowledged once it was handled: with
// handlers, when all those for its type have returned OK; when pulling, when the next one is asked for. A handler that
// returns an error makes the event come again after ConsumeOptions::nack_delay; Delivery says which attempt it is. With
// kManually events are settled only by the methods below, from any thread and in any order, and what a handler returns
// does not matter. What is settled by hand is left alone by kAfterHandling, too. Settlements are sent together as they
// gather; a SettledCallback hears when one is on disk.
//
// Deadlines are extended automatically, those of queued events included: see ConsumeOptions::extend_deadlines_max.
//
// Reconnecting. As Subscription does: a lost connection, a silent stream, a broker that stops, another holder
// (CONSUMER_BUSY), and a reset (CONSUMER_RESET) are met with a new attempt, with backoff. What was delivered and not
// settled comes again then, what was settled and not confirmed may. These are terminal, with the broker's reason:
//   Aborted, CONSUMER_TAKEN_OVER   another holder has taken the consumer over: what was settled and not confirmed may
//                                  come to it.
//   NotFound, CONSUMER_NOT_FOUND   there is none of that name (any more).
//   Others                         every other refusal that the broker calls not retryable, and the attempts of
//                                  backoff being used up.
//
// Thread safety: Next, NextBatch: one thread at a time. The On... methods: before the first of those, or before
// Start(). Everything else from any thread; settling and Close() also from handlers and callbacks. Handlers run one at
// a time on one thread of the consumer's own, and may block; they must not throw. Memory:
// ConsumeOptions::buffered_bytes_max and one message; some 16 bytes for each event that is not settled, and for each
// settlement that is not confirmed and whose callback is waited for.
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

// Hears what became of a settlement, once, on any thread, possibly inside the settling call; must be quick.
//   OK                  on disk: it survives everything, and what it settled never comes again by itself.
//   FailedPrecondition  NOT_HELD: too late: the stream that brought the event has ended, its deadline has passed, or it
//                       was settled before.
//   Unavailable         the stream ended before the broker confirmed it: it may count, or the event comes again.
//   Others              what the consumer failed with.
using SettledCallback = std::function<void(const absl::Status&)>;

class Consumer {
 public:
  ~Consumer();  // Close() and WaitForClose(). Not from a handler.
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
  // Everything of the delivery's instance that was received up to it and is not settled.
  void AckUpTo(const Delivery& delivery, SettledCallback done = nullptr);
  // Not handled: it comes again, not before `delay` (up to 12 hours) has passed, with one more attempt; or it is parked
  // if that was the last. The reason is for people: up to 512 bytes are kept if this parks it.
  void Nack(const Delivery& delivery, absl::Duration delay, absl::string_view reason, SettledCallback done = nullptr);
  // It cannot be handled: it is parked at once.
  void Park(const Delivery& delivery, absl::string_view reason, SettledCallback done = nullptr);
  // It is being handled: its deadline starts anew. Only needed where ConsumeOptions::extend_deadlines_max is not
  // enough.
  void InProgress(const Delivery& delivery);

  // Waits until everything that was settled before this call is confirmed or refused.
  //   DeadlineExceeded  not in time.   Unavailable  a stream ended first: some of it may come again.
  absl::Status Flush(absl::Time deadline = absl::InfiniteFuture());

  // ---- Notices, in both shapes: called in their place among the events, where events are handed out ----

  // A stream was opened, for the first time or again.
  Consumer& OnOpen(std::function<void(const v1::ConsumeResponse::Opened&)> handler);
  // What was there when the end was reached has been handed out; what follows is live.
  Consumer& OnCaughtUp(std::function<void()> handler);
  // Something is missing of an instance: events that were trimmed before they were settled; or what happened while the
  // publisher's source was down (cause UPSTREAM), where the consumer's types let the event that says so through. That
  // event is handed out too, behind the notice, and is settled like any other.
  Consumer& OnGap(std::function<void(const std::string& instance, const v1::Gap&)> handler);

  // ---- Handlers ----

  // Adds a handler for events of `type`, or of every type if it is "*". An event goes to the handlers of its type, then
  // to those of "*", in the order in which they were added, until one returns an error; one that has none counts as
  // handled.
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

  // Hands out nothing more: Next returns, handlers are not called again after the one that is running. What was
  // received and not settled comes again, to whoever holds the consumer next. Does not wait.
  void Close();

  // Waits until the consumer has ended, after Close() or for good: settlements are confirmed, or
  // ConsumeOptions::close_timeout is over; and if it runs handlers, OnClose has returned. Returns status(). Not from a
  // handler.
  absl::Status WaitForClose();

  // OK while it lives and after Close(); the terminal error after it failed.
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
