// The events that erasures in progress hide from reads.
//
// A read takes the current set when it begins, before it reads any block, and applies it to every block. So a read that
// begins after an erasure was accepted sees no covered event, whether a block has been rewritten yet or not. There is
// rarely a set, and without one a read costs only one atomic load.
#ifndef PLAYHEAD_STORAGE_STORE_ERASURE_MASKS_H_
#define PLAYHEAD_STORAGE_STORE_ERASURE_MASKS_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "proto/event_wire.h"
#include "storage/block.h"
#include "storage/store/erasure_job.h"

namespace playhead::storage {

// A block with stubs in place of some events; `block` is the original if there are none.
struct StubbedBlock {
  std::shared_ptr<const Block> block;
  uint32_t erased_events = 0;
  size_t erased_bytes = 0;  // Encoded size of these events.
};

// Replaces the events for which `erase` returns true with stubs. Of the header, only the types change.
StubbedBlock StubEvents(const std::shared_ptr<const Block>& block,
                        absl::FunctionRef<bool(Cursor, const EventView&)> erase);

// Immutable.
class ErasureMaskSet {
 public:
  struct Mask {
    uint64_t id;
    CommitPosition until;
    std::shared_ptr<const ErasureTarget> target;
  };
  explicit ErasureMaskSet(std::vector<Mask> masks) : masks_(std::move(masks)) {}

  // Returns the block as readers may see it.
  std::shared_ptr<const Block> Apply(absl::string_view instance, std::shared_ptr<const Block> block) const;
  const std::vector<Mask>& masks() const { return masks_; }

 private:
  const std::vector<Mask> masks_;
};

// Thread safety: all methods.
class ErasureMasks {
 public:
  // The current set; nullptr if nothing is hidden.
  std::shared_ptr<const ErasureMaskSet> set() const {
    if (!any_.load(std::memory_order_acquire)) return nullptr;
    absl::MutexLock lock(&mu_);
    return set_;
  }

  void Add(ErasureMaskSet::Mask mask) ABSL_LOCKS_EXCLUDED(mu_);
  void Remove(uint64_t id) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void Set(std::vector<ErasureMaskSet::Mask> masks) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  std::atomic<bool> any_{false};
  mutable absl::Mutex mu_;
  std::shared_ptr<const ErasureMaskSet> set_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_STORE_ERASURE_MASKS_H_
