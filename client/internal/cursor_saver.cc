#include "client/internal/cursor_saver.h"

#include <algorithm>
#include <utility>

namespace playhead::internal {

CursorSaver::CursorSaver(std::shared_ptr<CursorStore> store, std::string instance, const CursorSaving& policy,
                         std::shared_ptr<Timers> timers, std::optional<uint64_t> saved)
    : store_(std::move(store)),
      instance_(std::move(instance)),
      policy_(policy),
      timers_(std::move(timers)),
      position_(saved),
      saved_(saved),
      saved_at_(store_ == nullptr ? absl::InfinitePast() : timers_->Now()) {}

absl::Status CursorSaver::Moved(uint64_t position, size_t events) {
  if (store_ == nullptr) return absl::OkStatus();
  position_ = position;
  unsaved_events_ += events;
  if (!saved_ || (policy_.events > 0 && unsaved_events_ >= policy_.events)) return SaveNow();
  return SaveIfDue();
}

absl::Status CursorSaver::SaveIfDue() { return UntilDue() <= absl::ZeroDuration() ? SaveNow() : absl::OkStatus(); }

absl::Status CursorSaver::SaveNow() {
  if (!unsaved()) return absl::OkStatus();
  if (absl::Status status = store_->Save(instance_, *position_); !status.ok()) return status;
  saved_ = position_;
  unsaved_events_ = 0;
  saved_at_ = timers_->Now();
  return absl::OkStatus();
}

absl::Duration CursorSaver::UntilDue() const {
  if (!unsaved()) return absl::InfiniteDuration();
  return std::max(absl::ZeroDuration(), saved_at_ + policy_.interval - timers_->Now());
}

}  // namespace playhead::internal
