// How long the pages of listings are.
#ifndef PLAYHEAD_BROKER_GRPC_PAGE_SIZE_H_
#define PLAYHEAD_BROKER_GRPC_PAGE_SIZE_H_

#include <cstddef>
#include <cstdint>

#include "absl/status/statusor.h"

namespace playhead::broker {

inline constexpr size_t kPageSizeDefault = 100;
inline constexpr size_t kPageSizeMax = 1000;

// The rows of a page for which a request asks by its `page_size`; 0 is the default.
//   InvalidArgument (LIMIT_INVALID)  more than kPageSizeMax.
absl::StatusOr<size_t> CheckPageSize(uint64_t page_size);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_PAGE_SIZE_H_
