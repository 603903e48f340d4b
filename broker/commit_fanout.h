// Passes on what the log does to those who must hear of it: the tail, and whoever keeps something of an instance.
#ifndef PLAYHEAD_BROKER_COMMIT_FANOUT_H_
#define PLAYHEAD_BROKER_COMMIT_FANOUT_H_

#include <memory>
#include <utility>

#include "absl/functional/any_invocable.h"
#include "absl/types/span.h"
#include "storage/event_log.h"

namespace playhead::broker {

// Thread safety: as CommitListener; SetOnDeleted comes before anything can be deleted.   Ownership: borrows `tail`.
class CommitFanout final : public storage::CommitListener {
 public:
  // Runs for each instance that is deleted, behind the tail; must be quick.
  using OnDeleted = absl::AnyInvocable<void(const std::shared_ptr<storage::Instance>&)>;

  explicit CommitFanout(storage::CommitListener& tail) : tail_(tail) {}

  void SetOnDeleted(OnDeleted on_deleted) { on_deleted_ = std::move(on_deleted); }

  void OnCommit(absl::Span<const storage::PublishedBlock> blocks) override { tail_.OnCommit(blocks); }
  void OnDelete(const std::shared_ptr<storage::Instance>& instance) override {
    tail_.OnDelete(instance);
    if (on_deleted_) on_deleted_(instance);
  }
  void OnErase(storage::InstanceNumber instance) override { tail_.OnErase(instance); }

 private:
  storage::CommitListener& tail_;
  OnDeleted on_deleted_;
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_COMMIT_FANOUT_H_
