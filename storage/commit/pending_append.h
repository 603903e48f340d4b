// An append in flight: from a session, through the resolving of its identities, to the committer and back.
#ifndef PLAYHEAD_STORAGE_COMMIT_PENDING_APPEND_H_
#define PLAYHEAD_STORAGE_COMMIT_PENDING_APPEND_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "proto/errors.h"
#include "storage/event_log.h"
#include "storage/instances/log_instance.h"
#include "storage/store/dedup_records.h"

namespace playhead::storage {

struct SessionState;

// What is known of one event before the commit.
struct EventFate {
  Cursor stored_at;      // Set: a duplicate of the event with this cursor.
  int32_t same_as = -1;  // Set: a duplicate of this earlier event of the same batch.
  bool is_new() const { return stored_at == Cursor() && same_as < 0; }
};

struct PendingAppend {
  AppendBatch batch;
  Callback<AppendResult> done;
  std::shared_ptr<SessionState> session;
  uint64_t index = 0;  // In its session, from 0.

  // Set if it is refused before the commit. It still goes through the committer, so that answers keep their order.
  absl::Status refusal;
  // The commit refused it because of earlier events, which may be on disk or not.
  bool rests_on_commits = false;

  std::shared_ptr<LogInstance> instance;
  std::vector<EventFate> fates;  // Empty: all are new.
  std::vector<IdHash> ids;       // One for each event; empty if no event has an id.
  // The identities were resolved against all commits up to this one.
  uint64_t resolved_commit = 0;
  // The producer's last sequence when the identities were resolved.
  uint64_t resolved_sequence = 0;

  AppendResult result;

  // Assigned by the commit; empty if all events are new, and contiguous from result.first_new.
  std::vector<Cursor> cursors;
  Cursor cursor(size_t i) const { return cursors.empty() ? result.first_new + i : cursors[i]; }

  size_t bytes() const { return batch.bytes.size(); }
  const EventFate& fate(size_t i) const {
    static constexpr EventFate kNew;
    return fates.empty() ? kNew : fates[i];
  }
};

// The shared part of a session, which lives as long as the session or one of its appends.
struct SessionState {
  absl::Mutex mu;
  uint64_t submitted ABSL_GUARDED_BY(mu) = 0;
  // Waiting to be resolved, by index. One task at a time works on them.
  std::deque<std::unique_ptr<PendingAppend>> unresolved ABSL_GUARDED_BY(mu);
  bool resolving ABSL_GUARDED_BY(mu) = false;

  // Used only by the thread that builds commits, or fails them while none is built.
  uint64_t next_index = 0;
  bool failed = false;
};

// The refusal of all appends of a session after the first refused one.
inline absl::Status PreviousFailed() {
  return MakeError(Reason::kPreviousFailed, "an earlier append of the same stream was refused");
}

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_COMMIT_PENDING_APPEND_H_
