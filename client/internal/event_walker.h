// EventWalker: the consuming side of a subscription. It hands out events one by one or by the message, reports notices
// in order, moves the position when events were handled, and saves it.
//
// Thread safety: one thread at a time.
// Blocking: Next and NextBatch wait for events; all methods block while the cursor store saves.
#ifndef PLAYHEAD_CLIENT_INTERNAL_EVENT_WALKER_H_
#define PLAYHEAD_CLIENT_INTERNAL_EVENT_WALKER_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/event.h"
#include "client/internal/cursor_saver.h"
#include "client/internal/subscription_core.h"
#include "playhead/v1/event_log.pb.h"

namespace playhead::internal {

// Handlers of everything in a stream that is not an event. Empty functions are not called.
struct NoticeHandlers {
  std::function<void(const v1::SubscribeResponse::Started&)> on_open;
  std::function<void(uint64_t cursor)> on_caught_up;
  std::function<void(const v1::Gap&)> on_gap;
};

class EventWalker {
 public:
  // With `hand_out_upstream_gaps`, events that record upstream gaps are handed out too, after on_gap was called for
  // them; without it, only on_gap is called.
  EventWalker(std::shared_ptr<SubscriptionCore> core, CursorSaver saver, bool hand_out_upstream_gaps)
      : core_(std::move(core)), saver_(std::move(saver)), hand_out_upstream_gaps_(hand_out_upstream_gaps) {}

  NoticeHandlers& handlers() { return handlers_; }

  // Counts what was handed out before as handled, and hands out the next event. Statuses as SubscriptionCore::Take.
  absl::Status Next(absl::Time deadline, Event& event);

  // As Next, but hands out all events at hand, up to the next upstream gap.
  absl::Status NextBatch(absl::Time deadline, EventBatch& batch);

  // Counts what was handed out as handled.
  absl::Status NoteHandled();

  // Saves the position. A failure is terminal.
  absl::Status Save();

  uint64_t missed_events() const { return missed_events_.load(std::memory_order_relaxed); }

 private:
  // Waits until batch_ holds at least one event that may be handed out.
  absl::Status Fill(absl::Time deadline);
  // If the front of batch_ is an upstream gap, calls on_gap. Returns whether that event may be handed out; otherwise it
  // is dropped.
  absl::StatusOr<bool> TellUpstreamGap();
  // Takes the next message, saving the position if that falls due while waiting.
  absl::Status TakeSaving(absl::Time deadline, Received& message);
  absl::Status SetEvents(SharedBytes events);
  absl::Status Tell(const v1::SubscribeResponse& notice);
  // Notes that everything up to `cursor` is handled, `events` more than before.
  absl::Status MoveTo(uint64_t cursor, size_t events);
  absl::Status Terminal(absl::Status status);

  const std::shared_ptr<SubscriptionCore> core_;
  CursorSaver saver_;
  const bool hand_out_upstream_gaps_;
  NoticeHandlers handlers_;

  EventBatch batch_;                   // Received, not yet handed out.
  bool has_upstream_gaps_ = false;     // batch_ has some.
  v1::SubscribeResponse late_notice_;  // From the message of batch_, after its events.
  bool has_late_notice_ = false;
  uint64_t stream_ = 0;      // The stream of batch_ and late_notice_.
  uint64_t handed_out_ = 0;  // The last cursor handed out; no event is handed out twice.
  size_t unhandled_ = 0;     // Events handed out and not handled.
  std::string rest_;
  std::atomic<uint64_t> missed_events_{0};
};

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_EVENT_WALKER_H_
