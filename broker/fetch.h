// Fetch: one bounded page of a log, for every protocol.
#ifndef PLAYHEAD_BROKER_FETCH_H_
#define PLAYHEAD_BROKER_FETCH_H_

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
#include "broker/start_position.h"
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
  // The caller, for its quota of instances; nullptr is the broker itself. That it may read was checked before.
  std::shared_ptr<Caller> caller;
};

struct FetchPage {
  std::vector<storage::BlockSlice> slices;  // Of a slice only `bytes` and `event_count` count.
  storage::Cursor next;                     // As in FetchMissedResponse.
  storage::Cursor first;
  storage::Cursor head;
  bool end_reached = false;
  std::optional<Gap> gap;
  ByteBudget::Grant grant;  // To be kept as long as the slices are.
};

// Reads storage piece by piece until the page is full, the range ends, or Limits::fetch_scan_bytes_max were looked at:
// then the page is short, perhaps empty, and the caller goes on at `next`. The first 64 KiB of a page come at no
// charge. What is more draws on the delivery budget and leaves half of it to streams, as replies may stay untaken for
// as long as their clients like: when the other half is used up, pages are short, and only an event that is larger
// than 64 KiB by itself waits for its turn.
//
// Thread safety: Cancel may be called from any thread.   Blocking: none.   Ownership: keeps itself alive until done.
class Fetch : public std::enable_shared_from_this<Fetch> {
 public:
  // Calls `done` once, inside the call or on another thread.
  //   OutOfRange  CURSOR_TRIMMED, CURSOR_DIVERGED.    NotFound  INSTANCE_DELETED, INSTANCE_NOT_FOUND.
  //   DataLoss    the range is not intact.            Cancelled by Cancel.
  //   InvalidArgument, ResourceExhausted  as EventLog::OpenInstance.
  static std::shared_ptr<Fetch> Start(const Core& core, FetchRequest request, storage::Callback<FetchPage> done);

  // Ends the fetch at the next piece.
  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }

 private:
  Fetch(const Core& core, FetchRequest request, storage::Callback<FetchPage> done)
      : core_(core), request_(std::move(request)), done_(std::move(done)) {}

  // Each of these runs after the one before it has ended, so no lock guards the members.
  void Admit();
  void Open();
  void OnStart(storage::Cursor after);
  void Read();
  void OnRead(absl::StatusOr<storage::ReadResult> result);
  void OnReadFailed(const absl::Status& status);
  // What the page may hold.
  size_t BytesMax() const;
  // Draws on the budget for an event of `event_bytes` more, and then reads it again; or has the page end before it.
  void Reserve(size_t event_bytes);
  void Finish(absl::Status status);

  const Core core_;
  const FetchRequest request_;
  storage::Callback<FetchPage> done_;
  std::atomic<bool> cancelled_ = false;

  std::shared_ptr<storage::Instance> instance_;
  storage::Cursor after_;  // What is left of the range: (after_, until_].
  storage::Cursor until_;
  FetchPage page_;
  size_t bytes_ = 0;
  uint32_t event_count_ = 0;
  size_t scanned_bytes_ = 0;
  bool overtaken_ = false;  // A trim came between the check of the start and the read.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_FETCH_H_
