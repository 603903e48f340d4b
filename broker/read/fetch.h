// Fetch: one bounded page of a log, for every protocol.
#ifndef PLAYHEAD_BROKER_READ_FETCH_H_
#define PLAYHEAD_BROKER_READ_FETCH_H_

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/auth/caller.h"
#include "broker/byte_budget.h"
#include "broker/core.h"
#include "broker/read/start_position.h"
#include "storage/event_log.h"

namespace playhead::broker {

struct FetchRequest {
  std::string instance;
  StartPosition start;
  storage::Cursor until;  // Inclusive; Cursor() for the head.
  uint32_t events_max = storage::kFetchEventsDefault;
  bool reverse = false;
  std::shared_ptr<const storage::EventFilter> filter;  // nullptr matches everything that is not hidden.
  bool allow_gap = false;
  // The caller, whose quota of instances applies; nullptr is the broker itself. REQUIRES: it may read the instance.
  std::shared_ptr<Caller> caller;
};

struct FetchPage {
  std::vector<storage::BlockSlice> slices;  // Only `bytes` and `event_count` are meaningful.
  storage::Cursor next;                     // As in FetchMissedResponse.
  storage::Cursor first;
  storage::Cursor head;
  bool end_reached = false;
  std::optional<Gap> gap;
  ByteBudget::Grant grant;  // Keep it as long as the slices.
};

// Reads storage piece by piece until the page is full, the range ends, or Limits::fetch_scan_bytes_max bytes were
// examined. In the last case the page is short, perhaps empty, and the caller continues at `next`.
//
// Memory: the first 64 KiB of a page are free. More is drawn from the delivery budget, half of which is left to
// streams, because a client may leave a reply unread for as long as it likes. When the other half is used up, pages are
// short, and only a single event larger than 64 KiB waits for memory.
//
// Thread safety: Cancel may be called from any thread.   Blocking: none.   Ownership: keeps itself alive until done.
class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  // Calls `done` once, inside the call or on another thread.
  //   OutOfRange  CURSOR_TRIMMED, CURSOR_DIVERGED.    NotFound  INSTANCE_DELETED, INSTANCE_NOT_FOUND.
  //  DataLoss     the range is damaged at its start. Intact events before damage are returned as a page.
  //  Unavailable  STORE_UNAVAILABLE: likewise, while the disk fails.
  //  Cancelled    Cancel was called.
  //   InvalidArgument, ResourceExhausted  as EventLog::OpenInstance.
  static std::shared_ptr<Fetch> Start(const Core& core, FetchRequest request, storage::Callback<FetchPage> done);

  // Ends the fetch at the next piece.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  Fetch(const Core& core, FetchRequest request, storage::Callback<FetchPage> done)
      : core_(core), request_(std::move(request)), done_(std::move(done)) {}

  // These run one after another, so no lock guards the members.
  void Open();
  void OnStart(storage::Cursor after);
  void Read();
  void OnRead(absl::StatusOr<storage::ReadResult> result);
  void OnReadFailed(const absl::Status& status);
  // How many bytes the page may hold now.
  size_t BytesMax() const;
  // Draws memory for the next event, of `event_bytes`, from the budget and reads the event again, or ends the page
  // before it.
  void Reserve(size_t event_bytes);
  void Finish(absl::Status status);

  const Core core_;
  const FetchRequest request_;
  storage::Callback<FetchPage> done_;
  std::atomic<bool> cancelled_ = false;

  std::shared_ptr<storage::Instance> instance_;
  storage::Cursor after_;  // The rest of the range: (after_, until_].
  storage::Cursor until_;
  FetchPage page_;
  size_t bytes_ = 0;
  uint32_t event_count_ = 0;
  size_t scanned_bytes_ = 0;
  bool progressed_ = false;  // `page_.next` has moved past the start.
  bool overtaken_ = false;   // A trim came between the check of the start and the read.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_READ_FETCH_H_
