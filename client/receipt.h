// Receipt: the acknowledgement of one appended event.
#ifndef PLAYHEAD_CLIENT_RECEIPT_H_
#define PLAYHEAD_CLIENT_RECEIPT_H_

#include <cstdint>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"

namespace playhead {

// The event is stored.
struct Receipt {
  uint64_t cursor = 0;
  bool duplicate = false;  // It was already stored, at this cursor, and was not stored again.
};

using AppendCallback = absl::AnyInvocable<void(absl::StatusOr<Receipt>) &&>;

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_RECEIPT_H_
