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
  kSent,      // And confirmed by the receiver.
  kRefused,   // The receiver does not want this one.
  kPutAside,  // The receiver has no use for this one, or keeps it for later: the replay goes on.
  kFailed,    // It could not be sent, after all attempts.
  kStopped,   // By Stop: it may have been sent.
};

struct SendResult {
  SendOutcome outcome;
  absl::Status problem;  // Unless it was sent.
  int retries = 0;
};

// Thread safety: all methods may be called from any thread.   Blocking: none.
class Target {
 public:
  using Done = absl::AnyInvocable<void(SendResult) &&>;

  virtual ~Target() = default;

  // Sends one event and waits until its receiver has confirmed it. `done` runs once, on another thread.
  // REQUIRES: none other is under way.
  virtual void Send(ReplayedEvent event, Done done) = 0;

  // What went wrong with the last attempt for the event under way; Ok if there was none, or nothing did.
  virtual absl::Status problem() const = 0;

  // No further attempts for the event under way: `done` gets the outcome of the present one, or kStopped.
  virtual void Pause() = 0;
  // Breaks off what is under way; what comes later is stopped at once.
  virtual void Stop() = 0;
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_TARGET_H_
