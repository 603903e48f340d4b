// The fixed limits of the contract. Those that an operator may set are in storage/options.h.
#ifndef PLAYHEAD_STORAGE_LIMITS_H_
#define PLAYHEAD_STORAGE_LIMITS_H_

#include <cstddef>
#include <cstdint>

#include "absl/time/time.h"

namespace playhead::storage {

inline constexpr size_t kInstanceNameBytesMax = 200;
inline constexpr size_t kTypeBytesMax = 128;
inline constexpr size_t kEventIdBytesMax = 256;
inline constexpr size_t kProducerIdBytesMax = 64;
inline constexpr uint64_t kProducerSequenceMax = (uint64_t{1} << 53) - 1;
// The longest time for which an append may have its ids remembered.
inline constexpr absl::Duration kDedupWindowMax = absl::Hours(30 * 24);
inline constexpr size_t kAttributesMax = 32;
inline constexpr size_t kAttributeKeyBytesMax = 128;
inline constexpr size_t kAttributesBytesMax = 4096;

// An encoded event. The operator's setting may not exceed the ceiling: an event must fit into a gRPC message of 4 MB by
// itself.
inline constexpr size_t kEventBytesDefault = size_t{1} << 20;
inline constexpr size_t kEventBytesCeiling = size_t{3} << 20;

// One append: as much as fits into a gRPC message of 4 MB, with room for the rest of the request.
inline constexpr size_t kBatchEventsMax = 10'000;
inline constexpr size_t kBatchBytesMax = (size_t{7} << 20) / 2;

// One fetch: as above, in the other direction.
inline constexpr uint32_t kFetchEventsDefault = 100;
inline constexpr uint32_t kFetchEventsMax = 10'000;
inline constexpr size_t kFetchBytesMax = (size_t{4} << 20) - (size_t{64} << 10);

// One read of a log scans at most this much, whatever its filter lets through.
inline constexpr size_t kReadScanBytesMax = size_t{4} << 20;

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_LIMITS_H_
