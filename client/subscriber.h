// Subscription: reads a log from a position, live and without end. It reconnects by itself after the last event that
// was *handled*, so within one process every event is handed out once and in order, and none is left out. With a cursor
// store (SubscribeOptions::cursor_store) the same holds across crashes, except that events handled after the last save
// are handed out again.
//
// Pull:
//   for (const Event& event : subscription) Handle(event);    // Ends when closed or failed: see status().
//   absl::StatusOr<Event> event = subscription.Next(deadline);
//   while (subscription.NextBatch(batch).ok()) ...            // The fastest: one message at a time.
// An event (or batch) counts as handled when the next one is asked for, or by SavePosition().
//
// Handlers:
//   subscription.On("message", [](const Event& event) { ... });
//   subscription.On("*", [](const Event& event) { ... });
//   subscription.OnCaughtUp([](uint64_t cursor) { ... });
//   subscription.Start();
//   ...
//   subscription.Close();
//   subscription.WaitForClose();
// Handlers run one at a time on a thread that the subscription owns, and may block; an event is handled when all its
// handlers have returned. Handlers must not throw.
//
// Reconnecting. After a lost connection, a broker that stops, or a stream that stays silent for three of the heartbeat
// intervals that the broker announced, a new attempt is made, delayed by ClientOptions::backoff and reported to
// SubscribeOptions::on_reconnect. These errors are terminal, and end the subscription with the broker's reason:
//   OutOfRange, CURSOR_DIVERGED   the position is not of this log (it was restored or recreated): events handled after
//                                 the last good cursor are no longer in the log. Never resumed automatically.
//   OutOfRange, CURSOR_TRIMMED    history after the position is gone, and allow_gap is not set.
//   Others                        every other refusal that the broker marks as not retryable (InvalidArgument,
//                                 NotFound, PermissionDenied, DataLoss ...); a failure to save the position; or the
//                                 attempts that backoff allows are used up.
//
// Thread safety: Next, NextBatch, SavePosition, begin and iteration may be used by one thread at a time; the On...
// methods before the first of those, or before Start(); everything else from any thread; Close() also from handlers and
// callbacks.
// Memory: at most SubscribeOptions::buffered_bytes_max and one message received ahead of handling.
#ifndef PLAYHEAD_CLIENT_SUBSCRIBER_H_
#define PLAYHEAD_CLIENT_SUBSCRIBER_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/event.h"
#include "client/options.h"
#include "client/start.h"
#include "playhead/v1/event_log.pb.h"

namespace playhead {

class Connection;

class Subscription {
 public:
  ~Subscription();  // Close() and WaitForClose(). Not from a handler or a callback.
  Subscription(Subscription&&) noexcept;
  Subscription& operator=(Subscription&&) noexcept;

  // ---- Pull ----

  // Blocks for the next event.
  //   DeadlineExceeded    none came until `deadline`; ask again.
  //   Cancelled           the subscription was closed.
  //   FailedPrecondition  the subscription runs handlers.
  //   Others              terminal; see above. The same from then on.
  absl::StatusOr<Event> Next(absl::Time deadline = absl::InfiniteFuture());

  // Blocks for the next run of events, at least one. Replaces the contents of `batch`, and reuses its memory.
  absl::Status NextBatch(EventBatch& batch, absl::Time deadline = absl::InfiniteFuture());

  // Counts the event or batch handed out last as handled, and saves the position if there is a store.
  absl::Status SavePosition();

  class iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Event;
    using difference_type = std::ptrdiff_t;
    using pointer = const Event*;
    using reference = const Event&;

    iterator() = default;
    reference operator*() const { return *event_; }
    pointer operator->() const { return event_; }
    iterator& operator++();
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& a, const iterator& b) { return a.event_ == b.event_; }

   private:
    friend class Subscription;
    explicit iterator(Subscription* subscription) : subscription_(subscription) { ++*this; }

    Subscription* subscription_ = nullptr;
    const Event* event_ = nullptr;  // nullptr at the end. Valid until the iterator moves on.
  };

  iterator begin() { return iterator(this); }
  iterator end() { return iterator(); }

  // ---- Notices, for handlers and for pull: called in their place among the events, on the thread that gets events
  // ----

  // A stream was opened, for the first time or again.
  Subscription& OnOpen(std::function<void(const v1::SubscribeResponse::Started&)> handler);
  // All events up to the head have been handed out; what follows is live.
  Subscription& OnCaughtUp(std::function<void(uint64_t cursor)> handler);
  // Events are missing: history that was trimmed (only with allow_gap), or what happened while the publisher's source
  // was down (cause UPSTREAM, with its times and reason). The latter is reported in the place of the event that records
  // it, whatever types were asked for (unless they are 64 others, or id_prefix is set: the event has no id). That event
  // is also handed out like others if SubscribeOptions::types lets it through.
  Subscription& OnGap(std::function<void(const v1::Gap&)> handler);

  // ---- Handlers ----

  // Adds a handler for events of `type`, or of every type if it is "*". An event goes to the handlers of its type, then
  // to those of "*", in the order in which they were added; an event without a handler is passed over, and counts as
  // handled.
  Subscription& On(absl::string_view type, std::function<void(const Event&)> handler);
  // The subscription failed for good; called right before OnClose.
  Subscription& OnError(std::function<void(const absl::Status&)> handler);
  // The last call: OK after Close(), else the terminal error.
  Subscription& OnClose(std::function<void(const absl::Status&)> handler);

  // Starts to call handlers. REQUIRES: not started, and nothing pulled.
  void Start();

  // ---- Both ----

  // Blocks until a stream is open for the first time: from then on, the position of `Start::Now()` is fixed by the
  // broker.
  //   DeadlineExceeded, or the terminal status.
  absl::Status WaitForOpen(absl::Time deadline = absl::InfiniteFuture());

  // Ends the subscription: attempts stop at once, Next returns, and no handler is called after the one that is running.
  // Does not wait.
  void Close();

  // Waits until the subscription has ended and every callback has returned; if it runs handlers, OnClose too. Returns
  // status(). Not from a handler or a callback.
  absl::Status WaitForClose();

  // OK while the subscription runs and after Close(); the terminal error after it has failed.
  absl::Status status() const;

  // Where a reader that resumes now would start: everything up to this cursor was handled or filtered out. 0 until
  // known.
  uint64_t position() const;
  // The cursor of the newest event of the log, as the broker last reported it; 0 until known.
  uint64_t head_cursor() const;
  // How many events have been reported missing by gaps.
  uint64_t missed_events() const;

 private:
  friend class Client;
  class Impl;

  explicit Subscription(std::unique_ptr<Impl> impl);

  static absl::StatusOr<Subscription> Create(std::shared_ptr<Connection> connection,
                                             const ClientOptions& client_options, absl::string_view instance,
                                             playhead::Start start, SubscribeOptions options);

  std::unique_ptr<Impl> impl_;  // nullptr when moved from.
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_SUBSCRIBER_H_
