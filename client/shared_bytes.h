// SharedBytes: immutable bytes together with their owner. All messages received and sent are passed in this form, so
// that an event can point into the message it came in, and a request can be sent again without a copy.
//
// Thread safety: immutable; copies may be used from any thread.
#ifndef PLAYHEAD_CLIENT_SHARED_BYTES_H_
#define PLAYHEAD_CLIENT_SHARED_BYTES_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"

namespace playhead {

struct SharedBytes {
  std::shared_ptr<const void> owner;
  absl::string_view view;  // Valid as long as `owner` is held.

  static SharedBytes Of(std::string bytes) {
    auto owned = std::make_shared<const std::string>(std::move(bytes));
    const absl::string_view view = *owned;
    return {std::move(owned), view};
  }
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_SHARED_BYTES_H_
