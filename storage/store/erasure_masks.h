// What erasures hide from reads while they are under way.
//
// A read takes the set that stands when it begins, before it looks at any block, and passes every block through it: so
// one that begins after an erasure was taken sees nothing of it, whether the block at hand was rewritten yet or not.
// There is hardly ever a set, and without one a read pays the loading of a pointer.
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

// A block with stubs in the place of some events; `block` is the same as before if there are none of those.
struct StubbedBlock {
  std::shared_ptr<const Block> block;
  uint32_t erased_events = 0;
  size_t erased_bytes = 0;  // Encoded, of these.
};

// Puts stubs in the place of the events that `erase` says yes to. All else of the header but the types stays.
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

  // The block as readers may see it.
  std::shared_ptr<const Block> Apply(absl::string_view instance, std::shared_ptr<const Block> block) const;
  const std::vector<Mask>& masks() const { return masks_; }

 private:
  const std::vector<Mask> masks_;
};

// Thread safety: all methods.
class ErasureMasks {
 public:
  // nullptr if nothing is hidden.
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
