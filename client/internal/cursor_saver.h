// CursorSaver: decides when a handled position is saved in the cursor store.
#ifndef PLAYHEAD_CLIENT_INTERNAL_CURSOR_SAVER_H_
#define PLAYHEAD_CLIENT_INTERNAL_CURSOR_SAVER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "client/options.h"

namespace playhead::internal {

// Not thread-safe. Blocks while it saves.
class CursorSaver {
 public:
  // Without a store it does nothing. `saved` is the position that the store has, if any.
  CursorSaver(std::shared_ptr<CursorStore> store, std::string instance, const CursorSaving& policy,
              std::shared_ptr<Timers> timers, std::optional<uint64_t> saved);

  // Notes that everything up to `position` is handled, `events` more than before. Saves if that is due. The first
  // position is saved at once, so that a crash does not lead to another start at `now`. Errors are the store's.
  absl::Status Moved(uint64_t position, size_t events);

  // Saves if the interval has passed.
  absl::Status SaveIfDue();

  // Saves if the position has changed since it was last saved.
  absl::Status SaveNow();

  // How long until SaveIfDue has something to do; infinite if nothing is to be saved.
  absl::Duration UntilDue() const;

 private:
  bool unsaved() const { return store_ != nullptr && position_ != saved_; }

  const std::shared_ptr<CursorStore> store_;
  const std::string instance_;
  const CursorSaving policy_;
  const std::shared_ptr<Timers> timers_;
  std::optional<uint64_t> position_;
  std::optional<uint64_t> saved_;
  size_t unsaved_events_ = 0;
  absl::Time saved_at_;
};

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_CURSOR_SAVER_H_
