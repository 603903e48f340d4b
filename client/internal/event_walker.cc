#include "client/internal/event_walker.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/internal/upstream_gap_notice.h"
#include "proto/errors.h"

namespace playhead::internal {

absl::Status EventWalker::Next(absl::Time deadline, Event& event) {
  if (absl::Status status = NoteHandled(); !status.ok()) return status;
  if (absl::Status status = Fill(deadline); !status.ok()) return status;
  event = batch_.event(0);
  batch_.DropFront();
  handed_out_ = event.cursor();
  unhandled_ = 1;
  return absl::OkStatus();
}

absl::Status EventWalker::NextBatch(absl::Time deadline, EventBatch& batch) {
  if (absl::Status status = NoteHandled(); !status.ok()) return status;
  if (absl::Status status = Fill(deadline); !status.ok()) return status;
  const auto gap = has_upstream_gaps_ ? std::find_if(batch_.begin() + 1, batch_.end(), IsUpstreamGap) : batch_.end();
  if (gap != batch_.end()) {
    batch = batch_.TakeFront(static_cast<size_t>(gap - batch_.begin()));
  } else {
    std::swap(batch, batch_);
    batch_.Clear();
  }
  handed_out_ = batch[batch.size() - 1].cursor;
  unhandled_ = batch.size();
  return absl::OkStatus();
}

absl::Status EventWalker::NoteHandled() {
  return unhandled_ == 0 ? absl::OkStatus() : MoveTo(handed_out_, std::exchange(unhandled_, 0));
}

absl::Status EventWalker::Save() {
  absl::Status status = saver_.SaveNow();
  return status.ok() ? status : Terminal(std::move(status));
}

absl::Status EventWalker::Fill(absl::Time deadline) {
  while (true) {
    if (core_->closed()) return absl::CancelledError("the subscription was closed");
    if (stream_ != core_->stream()) {
      // A new stream was opened, which repeats everything that was not handled.
      batch_.Clear();
      has_late_notice_ = false;
    }
    if (!batch_.empty()) {
      const absl::StatusOr<bool> may_hand_out = TellUpstreamGap();
      if (!may_hand_out.ok() || *may_hand_out) return may_hand_out.status();
      continue;
    }
    if (std::exchange(has_late_notice_, false)) {
      if (absl::Status status = Tell(late_notice_); !status.ok()) return status;
      continue;
    }
    Received received;
    if (absl::Status status = TakeSaving(deadline, received); !status.ok()) return status;
    stream_ = received.stream;
    absl::Status status = received.events.view.empty() ? Tell(received.notice) : SetEvents(std::move(received.events));
    if (!status.ok()) return status;
  }
}

absl::StatusOr<bool> EventWalker::TellUpstreamGap() {
  const EventView& event = batch_[0];
  if (!has_upstream_gaps_ || !IsUpstreamGap(event)) return true;
  const std::optional<v1::Gap> gap = UpstreamGapNotice(event);
  if (gap.has_value() && handlers_.on_gap) handlers_.on_gap(*gap);
  if (hand_out_upstream_gaps_) return true;
  handed_out_ = event.cursor;
  batch_.DropFront();
  if (absl::Status status = MoveTo(handed_out_, 0); !status.ok()) return status;
  return false;
}

absl::Status EventWalker::TakeSaving(absl::Time deadline, Received& message) {
  while (true) {
    const absl::Time save_at = absl::Now() + saver_.UntilDue();
    absl::Status status = core_->Take(std::min(deadline, save_at), message);
    if (!absl::IsDeadlineExceeded(status) || save_at >= deadline) return status;
    if (absl::Status saved = saver_.SaveIfDue(); !saved.ok()) return Terminal(std::move(saved));
  }
}

absl::Status EventWalker::SetEvents(SharedBytes events) {
  rest_.clear();
  if (!batch_.Decode(std::move(events), rest_)) {
    return Terminal(MakeError(Reason::kDataLoss, "the broker sent events that cannot be parsed"));
  }
  uint64_t last = 0;
  has_upstream_gaps_ = false;
  for (const EventView& event : batch_) {
    has_upstream_gaps_ |= IsUpstreamGap(event);
    if (event.cursor <= last) {
      return Terminal(
          MakeError(Reason::kDataLoss, absl::StrCat("the broker sent cursor ", event.cursor, " behind ", last)));
    }
    last = event.cursor;
  }
  if (!rest_.empty()) {
    if (!late_notice_.ParseFromString(rest_)) {
      return Terminal(MakeError(Reason::kDataLoss, "the broker sent a notice that cannot be parsed"));
    }
    has_late_notice_ = true;
  }
  // The new stream repeats what was handed out while it was being opened.
  batch_.DropThrough(handed_out_);
  return absl::OkStatus();
}

absl::Status EventWalker::Tell(const v1::SubscribeResponse& notice) {
  switch (notice.notice_case()) {
    case v1::SubscribeResponse::kStart:
      if (handlers_.on_open) handlers_.on_open(notice.start());
      return MoveTo(notice.start().cursor(), 0);
    case v1::SubscribeResponse::kCaughtUp:
      if (absl::Status status = MoveTo(notice.caught_up().cursor(), 0); !status.ok()) return status;
      if (handlers_.on_caught_up) handlers_.on_caught_up(notice.caught_up().cursor());
      return absl::OkStatus();
    case v1::SubscribeResponse::kHeartbeat:
      return MoveTo(notice.heartbeat().cursor(), 0);
    case v1::SubscribeResponse::kGap:
      missed_events_.fetch_add(notice.gap().event_count(), std::memory_order_relaxed);
      if (handlers_.on_gap) handlers_.on_gap(notice.gap());
      return MoveTo(notice.gap().last_cursor(), 0);
    case v1::SubscribeResponse::NOTICE_NOT_SET:
      return absl::OkStatus();  // A notice of a newer version.
  }
  return absl::OkStatus();
}

absl::Status EventWalker::MoveTo(uint64_t cursor, size_t events) {
  // A stream's progress may be behind what was handled of the stream before it.
  const uint64_t position = std::max(cursor, core_->position());
  core_->SetPosition(position);
  absl::Status status = saver_.Moved(position, events);
  return status.ok() ? status : Terminal(std::move(status));
}

absl::Status EventWalker::Terminal(absl::Status status) {
  batch_.Clear();  // Nothing is handed out after the failure.
  has_late_notice_ = false;
  core_->Fail(status);
  return status;
}

}  // namespace playhead::internal
