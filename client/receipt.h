// Receipt: what the appender of an event is told.
#ifndef PLAYHEAD_CLIENT_RECEIPT_H_
#define PLAYHEAD_CLIENT_RECEIPT_H_

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace playhead {

// An event that is stored.
struct Receipt {
  uint64_t cursor = 0;
  bool duplicate = false;  // It was stored before, at this cursor, and not again.
};

using AppendCallback = absl::AnyInvocable<void(absl::StatusOr<Receipt>) &&>;

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_RECEIPT_H_
