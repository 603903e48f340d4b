// Target: the receiver that a replay sends events to.
#ifndef PLAYHEAD_BROKER_REPLAY_TARGET_H_
#define PLAYHEAD_BROKER_REPLAY_TARGET_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "proto/event_wire.h"
#include "storage/event_log.h"

namespace playhead::broker::replay {

// One event of an instance. Holds its bytes.
struct ReplayedEvent {
  std::shared_ptr<storage::Instance> instance;
  std::shared_ptr<const storage::Block> block;
  EventView event;  // Into the block.
};

enum class SendOutcome {
  kSent,      // Sent, and confirmed by the receiver.
  kRefused,   // The receiver refused this event.
  kPutAside,  // The receiver ignores this event, or keeps it for later: the replay continues.
  kGone,      // The event was trimmed, or its instance deleted, before it was sent: the replay reads on.
  kFailed,    // It could not be sent, after all attempts.
  kStopped,   // Stopped by Pause or Stop: the event may have been sent.
};

struct SendResult {
  SendOutcome outcome;
  absl::Status problem;  // Set unless the event was sent or is gone.
  int retries = 0;
};

// Thread safety: all methods may be called from any thread.   Blocking: none.
class Target {
 public:
  using Done = absl::AnyInvocable<void(SendResult) &&>;

  virtual ~Target() = default;

  // Sends one event and waits until its receiver has confirmed it. `done` runs once, on another thread, or at once.
  // REQUIRES: no other event is in progress.
  virtual void Send(ReplayedEvent event, Done done) = 0;

  // The error of the last attempt for the event in progress; OK if there was no attempt or no error.
  virtual absl::Status problem() const = 0;

  // Makes no further attempts for the event in progress: `done` gets the outcome of the current one, or kStopped.
  virtual void Pause() = 0;
  // Stops the event in progress; later ones are stopped at once.
  virtual void Stop() = 0;
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_TARGET_H_
