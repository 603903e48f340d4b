// CursorStore: where a reader keeps its position, so that "process, then save" survives a crash of the reader: after a
// restart nothing is skipped, and only events that were handled after the last save are handled again.
#ifndef PLAYHEAD_CLIENT_CURSOR_STORE_H_
#define PLAYHEAD_CLIENT_CURSOR_STORE_H_

#include <cstdint>
#include <optional>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead {

// Implement it over a database to commit the cursor together with the effects of the events.
//
// Thread safety: methods may be called from several threads, but for one instance from one thread at a time.
// Blocking: both may block; they are called where the program handles events, never on a thread of the client.
class CursorStore {
 public:
  virtual ~CursorStore() = default;

  // The cursor last saved for `instance`; nullopt if none ever was. An error means that it cannot be determined: the
  // subscription then fails instead of starting at a wrong position.
  virtual absl::StatusOr<std::optional<uint64_t>> Load(absl::string_view instance) = 0;

  // Returns OK only when the cursor is on stable storage. After an error, the store has either the old or the new
  // cursor.
  virtual absl::Status Save(absl::string_view instance, uint64_t cursor) = 0;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_CURSOR_STORE_H_
