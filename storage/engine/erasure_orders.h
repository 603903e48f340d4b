// ErasureOrders: accepts orders to erase events, and reports their progress. Housekeeping carries them out
// (storage/erase/event_eraser.h).
#ifndef PLAYHEAD_STORAGE_ENGINE_ERASURE_ORDERS_H_
#define PLAYHEAD_STORAGE_ENGINE_ERASURE_ORDERS_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "storage/callback.h"
#include "storage/commit/append_pipeline.h"
#include "storage/commit/current_store.h"
#include "storage/commit/open_calls.h"
#include "storage/erasures.h"
#include "storage/event_log.h"
#include "storage/executor.h"
#include "storage/store/erasure_job.h"
#include "storage/types.h"

namespace playhead::storage {

// Thread safety, blocking and callbacks: as in storage/event_log.h.
class ErasureOrders final : public Erasures {
 public:
  // The parts it uses, which must outlive it.
  struct Parts {
    EventLog& log;  // The log of these erasures.
    const CurrentStore& store;
    AppendPipeline& pipeline;
    OpenCalls& calls;
    Executor& readers;
  };

  // `carry_out` makes housekeeping look for orders; it is not called once the log closes.
  ErasureOrders(const Parts& parts, std::function<void()> carry_out)
      : parts_(parts), carry_out_(std::move(carry_out)) {}

  void Start(ErasureRequest request, Callback<ErasureInfo> done) override;
  void Cancel(uint64_t id, Callback<ErasureInfo> done) override;
  absl::StatusOr<ErasureInfo> Get(uint64_t id) const override;
  absl::StatusOr<std::vector<ErasureInfo>> List(uint64_t after_id, size_t limit) const override;

 private:
  // `instance`: the default-constructed number for an order that covers several.
  void Submit(std::shared_ptr<ErasureJob> job, InstanceNumber instance, Callback<ErasureInfo> done);

  const Parts parts_;
  const std::function<void()> carry_out_;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ENGINE_ERASURE_ORDERS_H_
