// Publisher: appends single events at the speed of batches. Events are batched by instance, pipelined over one stream,
// numbered under a producer identity, and sent again after a broken connection, so that each is stored once and in
// order.
//
//   absl::StatusOr<Publisher> publisher = client.NewPublisher();
//   publisher->Append("bot-7", {.type = "message", .data = body}, [](absl::StatusOr<Receipt> receipt) { ... });
//   absl::Status all_stored = publisher->Flush();
//
// Order: events of one instance are stored in the order of the calls that accepted them.
//
// Errors. Whatever a retry can fix (a lost connection, a broker that restarts, a full queue, an uncertain sync) is
// retried in order and with the same identities, and is not visible to the caller. Everything else follows one rule:
//   - a refused event fails with the broker's reason, together with the batch it was in;
//   - all events accepted after it for the same instance fail with PREVIOUS_FAILED, and so does every further Append to
//     that instance, because storing them would change the order;
//   - this lasts until the program calls ResumeAppends(instance). Numbering then continues where the refused batch
//     began, or at the sequence that the broker reported.
// The rule also covers an append beyond what its instance may store (QUOTA_EXCEEDED): call ResumeAppends once
// RetryAfter (proto/errors.h) has passed. Rate limits only slow the publisher down. Other instances are not affected.
// An error of the stream itself (the broker refuses the caller; the attempts that backoff allows are used up) fails all
// instances, for good.
//
// An error is final and means that the event is not stored, with one exception: APPEND_UNCERTAIN, with the cause in its
// message. It is reported for events that were sent over a connection that broke, or met a failed write, and were
// refused when they were sent again. If the program appends the same events again, in the same order, those that were
// stored are answered as duplicates; if it appends other events in their place, they get one ID_CONFLICT.
//
// Thread safety: all methods may be called from any thread.
// Callbacks run on a thread of the client, for each instance in the order of its events. They must be quick and must
// not call a blocking method of the publisher (TryAppend is fine).
// Ownership: Append copies the event before it returns. Memory: the window, and about 200 bytes for each instance that
// was ever appended to.
#ifndef PLAYHEAD_CLIENT_PUBLISHER_H_
#define PLAYHEAD_CLIENT_PUBLISHER_H_

#include <future>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "client/options.h"
#include "client/receipt.h"
#include "proto/event_wire.h"
#include "proto/upstream_gap.h"

namespace playhead {

class Connection;

namespace internal {
class PublisherCore;
}  // namespace internal

class Publisher {
 public:
  // Unless moved from: Close(now + PublisherOptions::close_timeout), then waits until on_reconnect is not running. Not
  // from on_reconnect, nor with a lock held that it takes.
  ~Publisher();
  Publisher(Publisher&&) noexcept;
  Publisher& operator=(Publisher&&) noexcept;

  // Accepts an event; blocks while the window is full. OK: `done` (if not empty) is called once, later. An error: the
  // event was not accepted, takes no sequence, and `done` is not called.
  //   InvalidArgument     the event breaks a limit of event_log.proto.
  //   Aborted             PREVIOUS_FAILED; see above.
  //   FailedPrecondition  the publisher was closed.
  //   Others              the publisher has failed for good with this error.
  absl::Status Append(absl::string_view instance, const NewEvent& event, AppendCallback done);

  // The same with a future, which also reports an event that was not accepted.
  std::future<absl::StatusOr<Receipt>> Append(absl::string_view instance, const NewEvent& event);

  // As Append, but never blocks.
  //   ResourceExhausted   the window is full: try again when a callback has run.
  absl::Status TryAppend(absl::string_view instance, const NewEvent& event, AppendCallback done);

  // Records, in its place among the instance's events, that their source was down: appends a `playhead.upstream_gap`
  // event, which is reported to readers like any other gap. Otherwise like Append; InvalidArgument also for a gap that
  // breaks a rule of proto/upstream_gap.h.
  absl::Status ReportUpstreamGap(absl::string_view instance, const UpstreamGap& gap, AppendCallback done);

  // Sends all collected events and waits until every event accepted before this call is stored or has failed. OK if
  // none has failed since the last Flush; else the first failure. DeadlineExceeded changes nothing: the events stay
  // accepted.
  absl::Status Flush(absl::Time deadline = absl::InfiniteFuture());

  // Allows appends to an instance again after a refusal: events accepted from now on take the sequences of those that
  // failed. Does nothing if the instance has not failed.
  void ResumeAppends(absl::string_view instance);

  // Accepts no more events, flushes until `deadline`, then fails the rest: with UNKNOWN (APPEND_UNCERTAIN) if an event
  // was sent and may be stored, with CANCELLED if not. When it returns, every AppendCallback has run. Returns the same
  // status as Flush.
  absl::Status Close(absl::Time deadline = absl::InfiniteFuture());

  // As given in the options, or the random one.
  const std::string& producer_id() const;

 private:
  friend class Client;

  explicit Publisher(std::shared_ptr<internal::PublisherCore> core);

  static absl::StatusOr<Publisher> Create(std::shared_ptr<Connection> connection, const ClientOptions& client_options,
                                          PublisherOptions options);

  std::shared_ptr<internal::PublisherCore> core_;  // Shared with the stream and the timers; nullptr when moved from.
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_PUBLISHER_H_
