#include "storage/engine/erasure_orders.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "storage/commit/commit_builder.h"
#include "storage/store/erasure_table.h"

namespace playhead::storage {

void ErasureOrders::Start(ErasureRequest request, Callback<ErasureInfo> done) {
  parts_.calls.Enter();
  auto answer = [this, done = std::move(done)](absl::StatusOr<ErasureInfo> info) mutable {
    std::move(done)(std::move(info));
    parts_.calls.Leave();
  };
  absl::Status refusal = parts_.calls.CheckOpen();
  refusal.Update(CheckErasureRequest(request));
  if (!refusal.ok()) {
    return parts_.readers.Post(
        [answer = std::move(answer), refusal = std::move(refusal)]() mutable { answer(refusal); });
  }
  auto job = std::make_shared<ErasureJob>();
  job->target = ErasureTarget::Of(request);
  job->cursor_count = static_cast<uint32_t>(job->target.cursors.size());
  job->id_count = static_cast<uint32_t>(job->target.ids.size());
  job->dry_run = request.dry_run;
  if (request.instances.size() > 1 || absl::EndsWith(request.instances.front(), "*")) {
    return Submit(std::move(job), InstanceNumber(), std::move(answer));
  }
  parts_.log.OpenInstance(request.instances.front(), OpenMode::kExisting,
                          [this, job = std::move(job),
                           answer = std::move(answer)](absl::StatusOr<std::shared_ptr<Instance>> instance) mutable {
                            if (!instance.ok()) return answer(instance.status());
                            Submit(std::move(job), (*instance)->number(), std::move(answer));
                          });
}

void ErasureOrders::Submit(std::shared_ptr<ErasureJob> job, InstanceNumber instance, Callback<ErasureInfo> done) {
  parts_.calls.Enter();
  parts_.pipeline.Submit({[job, instance](CommitBuilder& builder, StatusCallback started) {
                            builder.StartErasure(*job, instance, std::move(started));
                          },
                          [this, job, done = std::move(done)](absl::Status status) mutable {
                            if (status.ok() && !parts_.calls.closing()) carry_out_();
                            if (status.ok()) {
                              std::move(done)(job->info());
                            } else {
                              std::move(done)(std::move(status));
                            }
                            parts_.calls.Leave();
                          }});
}

void ErasureOrders::Cancel(uint64_t id, Callback<ErasureInfo> done) {
  parts_.calls.Enter();
  parts_.pipeline.Submit(
      {[id](CommitBuilder& builder, StatusCallback canceled) { builder.CancelErasure(id, std::move(canceled)); },
       [this, id, done = std::move(done)](absl::Status status) mutable {
         if (status.ok()) {
           std::move(done)(Get(id));
         } else {
           std::move(done)(std::move(status));
         }
         parts_.calls.Leave();
       }});
}

absl::StatusOr<ErasureInfo> ErasureOrders::Get(uint64_t id) const {
  const auto store = parts_.store.Get();
  if (!store.ok()) return store.status();
  const auto job = (*store)->erasures().Get(id);
  if (!job.ok()) return job.status();
  return job->info();
}

absl::StatusOr<std::vector<ErasureInfo>> ErasureOrders::List(uint64_t after_id, size_t limit) const {
  const auto store = parts_.store.Get();
  if (!store.ok()) return store.status();
  return (*store)->erasures().List(after_id, limit, Timestamp::Now());
}

}  // namespace playhead::storage
