#include "broker/read/fetch.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "broker/open_instance.h"
#include "broker/read/slice_compaction.h"
#include "proto/errors.h"

namespace playhead::broker {

using storage::Cursor;

std::shared_ptr<Fetch> Fetch::Start(const Core& core, FetchRequest request, storage::Callback<FetchPage> done) {
  std::shared_ptr<Fetch> fetch(new Fetch(core, std::move(request), std::move(done)));
  fetch->Open();
  return fetch;
}

void Fetch::Open() {
  OpenInstance(core_.log, request_.caller.get(), request_.instance,
               [self = shared_from_this()](absl::StatusOr<std::shared_ptr<storage::Instance>> instance) {
                 if (!instance.ok()) return self->Finish(instance.status());
                 self->instance_ = *std::move(instance);
                 ResolveStart(self->core_.log, self->instance_, self->request_.start,
                              [self](absl::StatusOr<Cursor> after) {
                                if (!after.ok()) return self->Finish(after.status());
                                self->OnStart(*after);
                              });
               });
}

void Fetch::OnStart(Cursor after) {
  const storage::LogBounds bounds = instance_->bounds();
  page_.first = bounds.first;
  page_.head = bounds.head;
  auto gap = CheckPosition(bounds, after, request_.allow_gap);
  if (gap.ok()) {
    if (*gap) after = (*gap)->last;
    if (*gap && page_.gap) {  // Another trim came in between.
      page_.gap->last = after;
      page_.gap->event_count += (*gap)->event_count;
    } else if (*gap) {
      page_.gap = *gap;
    }
  } else if (HasReason(gap.status(), Reason::kCursorTrimmed) && !std::holds_alternative<AfterCursor>(request_.start)) {
    after = bounds.BeforeFirst();  // A trim came in between. Only a client's cursor can be too old.
  } else {
    return Finish(gap.status());
  }
  after_ = after;
  until_ = request_.until == Cursor() ? bounds.head : request_.until;
  if (request_.reverse) {
    // In reverse, the page starts at the client's cursor. If that was trimmed, there is nothing before it.
    const absl::Status status = bounds.CheckStart(until_);
    if (HasReason(status, Reason::kCursorDiverged)) return Finish(status);
  } else {
    until_ = std::min(until_, bounds.head);
  }
  page_.next = request_.reverse ? until_ : after_;
  if (until_ <= after_ || std::holds_alternative<FromNow>(request_.start)) {
    page_.end_reached = true;
    return Finish(absl::OkStatus());
  }
  Read();
}

void Fetch::Read() {
  if (cancelled_.load(std::memory_order_relaxed)) return Finish(absl::CancelledError("the call was cancelled"));
  storage::ReadOptions options;
  options.after = after_;
  options.until = until_;
  options.reverse = request_.reverse;
  options.events_max = request_.events_max - event_count_;
  options.bytes_max = BytesMax() - bytes_;
  options.filter = request_.filter;
  core_.log.Read(
      instance_, std::move(options),
      [self = shared_from_this()](absl::StatusOr<storage::ReadResult> result) { self->OnRead(std::move(result)); });
}

void Fetch::OnRead(absl::StatusOr<storage::ReadResult> result) {
  if (!result.ok()) return OnReadFailed(result.status());
  scanned_bytes_ += result->scanned_bytes;
  // A read returns at least one event, however large. If the page may not hold it, it is dropped and read again.
  if (bytes_ + result->bytes > BytesMax()) return Reserve(result->bytes);

  progressed_ = progressed_ || page_.next != result->next;
  page_.next = result->next;
  page_.end_reached = result->end_reached;
  (request_.reverse ? until_ : after_) = result->next;
  bytes_ += result->bytes;
  event_count_ += result->event_count;
  CompactSlices(result->slices);
  std::move(result->slices.begin(), result->slices.end(), std::back_inserter(page_.slices));

  page_.end_reached = page_.end_reached || until_ <= after_;
  const bool full = event_count_ == request_.events_max || bytes_ == storage::kFetchBytesMax ||
                    scanned_bytes_ >= core_.limits.fetch_scan_bytes_max;
  if (page_.end_reached || full) return Finish(absl::OkStatus());
  Read();
}

void Fetch::OnReadFailed(const absl::Status& status) {
  // Events read before the unreadable place are returned as a page. The next fetch starts at that place and gets the
  // error.
  const bool unreadable = HasReason(status, Reason::kDataLoss) || HasReason(status, Reason::kStoreUnavailable);
  if (unreadable && progressed_) return Finish(absl::OkStatus());
  // A trim overtook the fetch. If any events were read, return them as a page; otherwise start again.
  if (request_.reverse || !HasReason(status, Reason::kCursorTrimmed) || std::exchange(overtaken_, true)) {
    return Finish(status);
  }
  if (event_count_ > 0) return Finish(absl::OkStatus());
  OnStart(after_);
}

size_t Fetch::BytesMax() const {
  return std::min(core_.limits.delivery_bytes_free + page_.grant.bytes(), storage::kFetchBytesMax);
}

void Fetch::Reserve(size_t event_bytes) {
  const size_t half = core_.delivery_budget.bytes_max() / 2;
  if (page_.grant.bytes() == 0) {
    if (auto grant = core_.delivery_budget.TryAcquire(std::min(storage::kFetchBytesMax, half), half)) {
      page_.grant = *std::move(grant);
      return Read();
    }
  }
  if (event_count_ > 0) return Finish(absl::OkStatus());
  page_.grant.Release();  // Too small for this event. The whole budget never is: the server makes sure.
  const size_t keep_free = std::min(half, core_.delivery_budget.bytes_max() - event_bytes);
  core_.delivery_budget.Acquire(event_bytes, keep_free, [self = shared_from_this()](ByteBudget::Grant grant) {
    self->page_.grant = std::move(grant);
    self->Read();
  });
}

void Fetch::Finish(absl::Status status) {
  storage::Callback<FetchPage> done = std::move(done_);
  if (!status.ok()) return std::move(done)(std::move(status));
  const size_t free_bytes = core_.limits.delivery_bytes_free;
  page_.grant.ShrinkTo(bytes_ - std::min(bytes_, free_bytes));
  std::move(done)(std::move(page_));
}

}  // namespace playhead::broker
