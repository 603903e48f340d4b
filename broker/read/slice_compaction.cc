#include "broker/read/slice_compaction.h"

#include <memory>
#include <string>
#include <utility>

namespace playhead::broker {

using storage::Block;
using storage::BlockHeader;
using storage::BlockSlice;

namespace {

// Below this a slice is cheaper to copy than to share.
constexpr size_t kSharedBytesMin = 2048;

bool CoversBlock(const BlockSlice& slice) { return slice.bytes.size() >= slice.block->body().size() / 2; }

bool IsShared(const BlockSlice& slice) { return slice.bytes.size() >= kSharedBytesMin && CoversBlock(slice); }

// [begin, end) as one slice.
BlockSlice Merge(const std::vector<BlockSlice>& slices, size_t begin, size_t end) {
  size_t bytes = 0;
  for (size_t i = begin; i < end; ++i) bytes += slices[i].bytes.size();
  std::string body;
  body.reserve(bytes);
  BlockSlice merged;
  for (size_t i = begin; i < end; ++i) {
    body.append(slices[i].bytes.data(), slices[i].bytes.size());
    merged.event_count += slices[i].event_count;
  }
  merged.block = std::make_shared<const Block>(BlockHeader(), std::move(body));
  merged.bytes = merged.block->body();
  return merged;
}

}  // namespace

void CompactSlices(std::vector<BlockSlice>& slices) {
  size_t kept = 0;
  for (size_t begin = 0; begin < slices.size();) {
    size_t end = begin;
    while (end < slices.size() && !IsShared(slices[end])) ++end;
    const bool as_it_is = end - begin == 0 || (end - begin == 1 && CoversBlock(slices[begin]));
    BlockSlice slice = as_it_is ? std::move(slices[begin]) : Merge(slices, begin, end);
    begin = as_it_is ? begin + 1 : end;
    slices[kept++] = std::move(slice);
  }
  slices.resize(kept);
}

}  // namespace playhead::broker
