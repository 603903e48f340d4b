// ConsumerTarget: hands each event to the holder of a consumer, in addition to the consumer's regular deliveries.
#ifndef PLAYHEAD_BROKER_REPLAY_CONSUMER_TARGET_H_
#define PLAYHEAD_BROKER_REPLAY_CONSUMER_TARGET_H_

#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/replay/target.h"

namespace playhead::broker::replay {

// An event counts as sent when the holder has acknowledged it. An event that the consumer's filter passes over, or that
// its holder parks, is put aside: it is counted, and the replay continues. One that is trimmed, or whose instance is
// deleted, before the holder has settled it, is gone. While the consumer has no holder, the replay waits. The
// consumer's position and unsettled events stay as they are.
// Ownership: keeps itself alive while an event is in progress; borrows `consumers`.
class ConsumerTarget final : public Target, public std::enable_shared_from_this<ConsumerTarget> {
 public:
  ConsumerTarget(std::string consumer, std::string replay_id, ConsumerRegistry& consumers)
      : consumer_(std::move(consumer)), replay_id_(std::move(replay_id)), consumers_(consumers) {}

  void Send(ReplayedEvent event, Done done) override ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status problem() const override { return absl::OkStatus(); }
  void Pause() override { consumers_.CancelReplay(consumer_, replay_id_); }
  void Stop() override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  const std::string consumer_;
  const std::string replay_id_;
  ConsumerRegistry& consumers_;

  absl::Mutex mu_;  // Guards the member below it.
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_CONSUMER_TARGET_H_
