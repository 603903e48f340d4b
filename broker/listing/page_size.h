// The page size of listings.
#ifndef PLAYHEAD_BROKER_LISTING_PAGE_SIZE_H_
#define PLAYHEAD_BROKER_LISTING_PAGE_SIZE_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"

namespace playhead::broker {

inline constexpr size_t kPageSizeDefault = 100;
inline constexpr size_t kPageSizeMax = 1000;

// Returns the number of rows for the `page_size` of a request; 0 means the default.
//   InvalidArgument (LIMIT_INVALID)  more than kPageSizeMax.
absl::StatusOr<size_t> CheckPageSize(uint64_t page_size);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_LISTING_PAGE_SIZE_H_
