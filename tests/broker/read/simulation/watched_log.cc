#include "tests/broker/read/simulation/watched_log.h"

#include <cstdint>
#include <vector>

#include "absl/time/clock.h"
#include "tests/support/batches.h"

namespace playhead::broker {
namespace {

using storage::BlockSlice;
using storage::Cursor;

// How long a store may take to be reopened. It tries once a second.
constexpr absl::Duration kReopenedWithin = absl::Minutes(10);
constexpr absl::Duration kLooksAgainAfter = absl::Milliseconds(50);

// One in so many commits shows the bug of the tail.
constexpr uint64_t kBugEvery = 5;
// A read is near the end of a log if fewer events than this are left.
constexpr uint64_t kNearTheEnd = 30;

// Removes the first event.
void SkipFirst(std::vector<BlockSlice>& slices) {
  const BlockSlice first = slices.front();
  const auto events = testing::EventsIn({&first, 1});
  std::vector<BlockSlice> rest;
  storage::ReadBudget budget{UINT32_MAX, SIZE_MAX};
  storage::SliceBlock(first.block, Cursor(events.front().cursor), Cursor(events.back().cursor), storage::EventFilter(),
                      budget, rest);
  slices.erase(slices.begin());
  slices.insert(slices.begin(), rest.begin(), rest.end());
}

// Applies the bug to the last part, and adjusts its counts.
void SpoilLastPart(SeamBug bug, std::vector<storage::InstanceEvents>& parts) {
  if (parts.empty() || parts.back().slices.empty()) return;
  storage::InstanceEvents& part = parts.back();
  if (bug == SeamBug::kReadsOfManySkipOne) {
    SkipFirst(part.slices);
  } else {
    part.slices.push_back(part.slices.back());
  }
  part.bytes = 0;
  part.event_count = 0;
  for (const BlockSlice& slice : part.slices) {
    part.bytes += slice.bytes.size();
    part.event_count += slice.event_count;
  }
  if (part.slices.empty()) parts.pop_back();
}

}  // namespace

bool WatchedLog::AwaitTakesAppends() const {
  const absl::Time patience = absl::Now() + kReopenedWithin;
  for (;;) {
    const uint64_t before = listener_.reopenings();
    if (log_->CheckTakesAppends().ok()) return true;
    if (absl::Now() > patience) return false;
    listener_.AwaitReopening(before);
  }
}

void WatchedLog::Read(std::shared_ptr<storage::Instance> instance, storage::ReadOptions options,
                      storage::Callback<storage::ReadResult> done) {
  if (bug_ == SeamBug::kReadsRepeatOne && options.after > instance->bounds().first &&
      instance->head().sequence() - options.after.sequence() < kNearTheEnd) {
    options.after = Cursor(options.after.value() - 1);
  }
  if (bug_ == SeamBug::kReadsSkipOne) {
    done = [done = std::move(done)](absl::StatusOr<storage::ReadResult> result) mutable {
      if (result.ok() && result->end_reached && !result->slices.empty()) SkipFirst(result->slices);
      std::move(done)(std::move(result));
    };
  }
  log_->Read(std::move(instance), std::move(options), std::move(done));
}

void WatchedLog::ReadMany(storage::ManyReadOptions options, storage::Callback<storage::ManyReadResult> done) {
  if (bug_ == SeamBug::kReadsOfManySkipOne || bug_ == SeamBug::kReadsOfManyRepeatOne) {
    done = [done = std::move(done), bug = bug_](absl::StatusOr<storage::ManyReadResult> result) mutable {
      if (result.ok() && result->end_reached) SpoilLastPart(bug, result->parts);
      std::move(done)(std::move(result));
    };
  }
  log_->ReadMany(std::move(options), std::move(done));
}

uint64_t WatchedLog::Listener::reopenings() const {
  absl::MutexLock lock(&mu_);
  return reopenings_;
}

void WatchedLog::Listener::AwaitReopening(uint64_t count) const {
  absl::MutexLock lock(&mu_);
  const auto more = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return reopenings_ > count; };
  mu_.AwaitWithTimeout(absl::Condition(&more), kLooksAgainAfter);
}

void WatchedLog::Listener::OnCommit(absl::Span<const storage::PublishedBlock> blocks) {
  if (blocks.empty()) {
    target_->OnCommit(blocks);
    absl::MutexLock lock(&mu_);
    ++reopenings_;
    return;
  }
  const bool now = ++commits_ % kBugEvery == 0;
  if (now && bug_ == SeamBug::kTailTellsNobody) return;
  if (bug_ == SeamBug::kTailSkipsBlock && blocks.size() > 1) return target_->OnCommit(blocks.first(blocks.size() - 1));
  target_->OnCommit(blocks);
}

void WatchedLog::Listener::OnDelete(const std::shared_ptr<storage::Instance>& instance) {
  if (bug_ != SeamBug::kTailForgetsDeletion) target_->OnDelete(instance);
}

}  // namespace playhead::broker
