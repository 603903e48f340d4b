#include "storage/store/erasure_table.h"

#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::storage {
namespace {

bool IsExpired(const ErasureJob& job, Timestamp now) {
  return HasEnded(job.state) && now.micros() - job.ended_at.micros() > absl::ToInt64Microseconds(kErasureListedFor);
}

absl::Status NotFound(uint64_t id) {
  return MakeError(Reason::kErasureNotFound,
                   absl::StrCat("there is no erasure ", id, "; those that ended are listed for ",
                                absl::FormatDuration(kErasureListedFor)));
}

}  // namespace

void ErasureTable::Put(const ErasureJob& job) {
  absl::MutexLock lock(&mu_);
  PutLocked(job);
}

void ErasureTable::PutReserved(const ErasureJob& job) {
  absl::MutexLock lock(&mu_);
  --reserved_;
  PutLocked(job);
}

void ErasureTable::PutLocked(const ErasureJob& job) {
  const auto [it, inserted] = jobs_.insert_or_assign(job.id, job);
  if (job.state >= ErasureState::kPurging) {
    masks_.Remove(job.id);  // The stored blocks have the stubs by now.
  } else if (inserted && !job.dry_run) {
    masks_.Add({job.id, job.until, std::make_shared<const ErasureTarget>(job.target)});
  }
}

void ErasureTable::Remove(uint64_t id) {
  absl::MutexLock lock(&mu_);
  jobs_.erase(id);
  masks_.Remove(id);
}

absl::StatusOr<ErasureJob> ErasureTable::Get(uint64_t id) const {
  absl::MutexLock lock(&mu_);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return NotFound(id);
  return found->second;
}

std::vector<ErasureInfo> ErasureTable::List(uint64_t after_id, size_t limit, Timestamp now) const {
  absl::MutexLock lock(&mu_);
  std::vector<ErasureInfo> infos;
  for (auto it = jobs_.upper_bound(after_id); it != jobs_.end() && infos.size() < limit; ++it) {
    if (!IsExpired(it->second, now)) infos.push_back(it->second.info());
  }
  return infos;
}

absl::Status ErasureTable::Reserve() {
  absl::MutexLock lock(&mu_);
  if (ActiveCount() + reserved_ >= kErasuresActiveMax) {
    return MakeError(Reason::kErasuresLimit, absl::StrCat(kErasuresActiveMax,
                                                          " erasures have not ended yet, the most that are taken: try "
                                                          "again"));
  }
  ++reserved_;
  return absl::OkStatus();
}

size_t ErasureTable::ActiveCount() const {
  size_t count = 0;
  for (const auto& [id, job] : jobs_) count += HasEnded(job.state) ? 0 : 1;
  return count;
}

std::optional<ErasureJob> ErasureTable::BeginNext(uint64_t after_id) {
  absl::MutexLock lock(&mu_);
  for (auto& [id, job] : jobs_) {
    if (id <= after_id || job.state > ErasureState::kErasing) continue;
    job.state = ErasureState::kErasing;
    return job;
  }
  return std::nullopt;
}

std::vector<ErasureJob> ErasureTable::Purging() const {
  absl::MutexLock lock(&mu_);
  std::vector<ErasureJob> purging;
  for (const auto& [id, job] : jobs_) {
    if (job.state == ErasureState::kPurging) purging.push_back(job);
  }
  return purging;
}

absl::StatusOr<ErasureJob> ErasureTable::TakeBack(uint64_t id) {
  absl::MutexLock lock(&mu_);
  const auto found = jobs_.find(id);
  if (found == jobs_.end()) return NotFound(id);
  ErasureJob& job = found->second;
  if (job.state != ErasureState::kQueued) {
    return MakeError(Reason::kErasureBegun,
                     absl::StrCat("erasure ", id, " has ", HasEnded(job.state) ? "ended" : "begun",
                                  ": only one that is queued can be canceled"));
  }
  job.state = ErasureState::kCanceled;
  return job;
}

std::vector<uint64_t> ErasureTable::Expired(Timestamp now) const {
  absl::MutexLock lock(&mu_);
  size_t ended = 0;
  for (const auto& [id, job] : jobs_) ended += HasEnded(job.state) ? 1 : 0;
  std::vector<uint64_t> expired;
  for (const auto& [id, job] : jobs_) {
    if (!HasEnded(job.state)) continue;
    if (IsExpired(job, now) || ended - expired.size() > kErasuresEndedMax) expired.push_back(id);
  }
  return expired;
}

}  // namespace playhead::storage
