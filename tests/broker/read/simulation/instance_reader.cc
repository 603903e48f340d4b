#include "tests/broker/read/simulation/instance_reader.h"

#include <utility>
#include <variant>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::broker {

using storage::Cursor;

InstanceReader::InstanceReader(storage::Oracle& oracle, std::string instance, From from, ReaderOptions options,
                               std::function<void(Cursor& after)> tamper_with_resume, uint64_t seed)
    : SubscriptionReader(oracle, absl::StrCat("a reader of ", instance), options, seed),
      from_(from),
      tamper_with_resume_(std::move(tamper_with_resume)),
      view_(oracle, std::move(instance), options.filter, /*asks_for_kept=*/false) {}

std::optional<SubscriptionRequest> InstanceReader::MakeRequest() {
  const std::optional<uint64_t> life = oracle_.LifeOf(view_.instance());
  if (!life) return std::nullopt;
  is_stale_ = false;
  if (*life != view_.life()) {
    is_stale_ = begun_ && view_.last() != Cursor() && random_.OneIn(2);
    if (!is_stale_) view_.BeginLife(*life);
    begun_ = was_trimmed_ = false;
  }
  SubscriptionRequest request;
  request.instance = view_.instance();
  allow_gap_ = options_.allow_gap;
  request.start = start_ = MakeStart();
  request.filter = options_.filter;
  request.allow_gap = allow_gap_;
  request.heartbeat_interval = options_.heartbeat_interval;
  return request;
}

StartPosition InstanceReader::MakeStart() {
  if (is_stale_) return AfterCursor{view_.last()};
  if (was_trimmed_) {
    // It was told, and takes what there is.
    if (random_.OneIn(2)) return FromBeginning{};
    allow_gap_ = true;
  } else if (!begun_) {
    if (from_ == From::kBeginning) return FromBeginning{};
    if (from_ == From::kNow) return FromNow{};
  }
  Cursor after = view_.last();
  if (begun_ && tamper_with_resume_) tamper_with_resume_(after);
  return AfterCursor{after};
}

InstanceReader::Then InstanceReader::Take(const Delivery& delivery) {
  if (is_stale_) {
    Violation(absl::StrCat("behind ", view_.last().value(), " of a log that was deleted goes on in another"));
    return Then::kLeave;
  }
  if (const auto* started = std::get_if<Started>(&delivery)) return Begin(*started);
  if (IsOver()) return Then::kGoOn;  // It will be told soon.
  if (const auto* events = std::get_if<Events>(&delivery)) {
    view_.OnGiven(asked_at_, events->slices, events->event_count, events->bytes, events->last);
    if (events->event_count == 0) Violation("was given no events");
  } else if (const auto* gap = std::get_if<Gap>(&delivery)) {
    if (!allow_gap_) Violation("was told of a gap, and does not allow any");
    if (gap->after < view_.last() || (options_.filter == nullptr && gap->after != view_.last())) {
      Violation(absl::StrCat("behind ", view_.last().value(), " was told of a gap behind ", gap->after.value()));
    }
    view_.OnGone(asked_at_, gap->after, gap->last, gap->event_count);
    was_trimmed_ = false;
  } else if (const auto* caught_up = std::get_if<CaughtUp>(&delivery)) {
    OnCaughtUp();
    view_.OnPassed(caught_up->cursor);
    view_.CheckAllCame(connected_at_);
  } else if (const auto* heartbeat = std::get_if<Heartbeat>(&delivery)) {
    view_.OnPassed(heartbeat->cursor);
    OnHead(heartbeat->head);
    if (heartbeat->head < heartbeat->cursor) Violation("is beyond the head");
  }
  return Then::kGoOn;
}

InstanceReader::Then InstanceReader::Begin(const Started& started) {
  // The subscription may be to the next instance of that name.
  if (IsOver()) return Then::kLeave;
  if (const auto* after = std::get_if<AfterCursor>(&start_)) {
    if (started.cursor != after->cursor) Violation(absl::StrCat("starts behind ", started.cursor.value()));
  } else if (std::holds_alternative<FromNow>(start_)) {
    view_.BeginBehind(started.cursor);
    view_.CheckAllCame(connected_at_);
  } else {
    if (started.cursor < view_.last()) Violation("begins before its place");
    view_.OnGoneUpTo(asked_at_, started.cursor);
    was_trimmed_ = false;
  }
  begun_ = true;
  OnHead(started.head);
  return Then::kGoOn;
}

void InstanceReader::OnHead(Cursor head) { oracle_.OnShown(view_.instance(), view_.life(), {head}); }

bool InstanceReader::MayBeEndedBy(const absl::Status& status) {
  if (is_stale_ && HasReason(status, Reason::kCursorDiverged)) return true;
  if (HasReason(status, Reason::kInstanceDeleted) || HasReason(status, Reason::kCursorDiverged)) return IsOver();
  if (HasReason(status, Reason::kCursorTrimmed) && !allow_gap_) {
    was_trimmed_ = true;
    return IsOver() || Cursor(ToProto(status).first_cursor()) > view_.last();
  }
  return false;
}

bool InstanceReader::IsAtEnd(const Ends& ends) const {
  const auto log = ends.logs.find(view_.instance());
  return log != ends.logs.end() && !is_stale_ && view_.life() == log->second.life && view_.last() >= log->second.head;
}

void InstanceReader::CheckAllCame() { view_.CheckAllCame(oracle_.Now()); }

void InstanceReader::CheckNoneMissing() {
  absl::MutexLock lock(&mu_);
  view_.CheckNoneMissing(oracle_.Now());
}

std::string InstanceReader::Where() const {
  return absl::StrCat(is_stale_ ? "stale " : "", view_.life(), "/", view_.last().value());
}

uint64_t InstanceReader::given() const {
  absl::MutexLock lock(&mu_);
  return view_.given();
}

}  // namespace playhead::broker
