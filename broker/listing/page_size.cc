#include "broker/listing/page_size.h"

#include "proto/errors.h"

namespace playhead::broker {

absl::StatusOr<size_t> CheckPageSize(uint64_t page_size) {
  if (page_size > kPageSizeMax) return MakeError(Reason::kLimitInvalid, "`page_size` is 1 to 1,000, or 0 for 100");
  return page_size == 0 ? kPageSizeDefault : static_cast<size_t>(page_size);
}

}  // namespace playhead::broker
