#include "tests/broker/read/simulation/reader_view.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "tests/simulation/event_name.h"
#include "tests/simulation/rules.h"

namespace playhead::broker {

using storage::Broken;
using storage::Cursor;
using storage::Ledger;
using storage::Moment;
using storage::TestEvent;

namespace {

std::vector<TestEvent> EventsOf(absl::Span<const storage::BlockSlice> slices) {
  storage::ReadResult read;
  read.slices.assign(slices.begin(), slices.end());
  return storage::EventsOf(read);
}

}  // namespace

void ReaderView::BeginLife(uint64_t life) {
  place_ = {.life = life, .asks_for_kept = asks_for_kept_};
  begin_ = Cursor();
  given_.clear();
  gone_.clear();
}

void ReaderView::BeginBehind(Cursor cursor) { begin_ = place_.last = cursor; }

std::vector<TestEvent> ReaderView::OnGiven(const Moment& asked_at, absl::Span<const storage::BlockSlice> slices,
                                           uint32_t event_count, size_t bytes, Cursor last) {
  const std::vector<TestEvent> events = EventsOf(slices);
  size_t slice_bytes = 0;
  for (const storage::BlockSlice& slice : slices) slice_bytes += slice.bytes.size();
  if (events.size() != event_count || slice_bytes != bytes) {
    oracle_.Violation(absl::StrCat(instance_, ": ", events.size(), " events of ", slice_bytes, " bytes were called ",
                                   event_count, " of ", bytes));
  }
  given_count_ += events.size();
  std::vector<Cursor> cursors;
  for (const TestEvent& event : events) cursors.push_back(Cursor(event.cursor));
  if (filter_ == nullptr) {
    oracle_.CheckGiven(asked_at, instance_, events, place_);
  } else {
    oracle_.Judge(asked_at, instance_, [&](Ledger::Log& log, Broken& broken) {
      for (const TestEvent& event : events) {
        const std::string where = absl::StrCat(instance_, "/", event.cursor);
        if (Cursor(event.cursor) <= place_.last) {
          broken.push_back(absl::StrCat(where, " came to a reader behind ", place_.last.value()));
        }
        if (!filter_->MatchesType(event.type)) broken.push_back(absl::StrCat(where, " was not wanted: ", event.type));
        place_.last = Cursor(event.cursor);
        given_.insert(event.cursor);
      }
      if (last < place_.last) broken.push_back(absl::StrCat(instance_, ": the last given is beyond ", last.value()));
      place_.last = std::max(place_.last, last);
      storage::CheckBytes(log, asked_at.at, instance_, events, broken);
    });
  }
  OnPassed(last);
  oracle_.OnShown(instance_, place_.life, cursors);
  return events;
}

void ReaderView::OnPassed(Cursor cursor) {
  oracle_.Judge(oracle_.BeginningOf(instance_), instance_, [&](Ledger::Log& log, Broken& broken) {
    if (log.life != place_.life) return;  // The life is over.
    if (filter_ == nullptr ? cursor != place_.last : cursor < place_.last) {
      broken.push_back(absl::StrCat(instance_, ": a reader behind ", place_.last.value(),
                                    " was told that it is behind ", cursor.value()));
    }
    place_.last = cursor;
  });
}

void ReaderView::OnGone(const Moment& asked_at, Cursor after, Cursor last, uint64_t event_count) {
  if (event_count != last.sequence() - after.sequence()) {
    oracle_.Violation(absl::StrCat(instance_, ": from behind ", after.value(), " to ", last.value(), " there are not ",
                                   event_count, " events"));
  }
  // Events that the filter dropped are not reported.
  if (filter_ != nullptr) place_.last = std::max(place_.last, after);
  gone_.emplace_back(after, last);
  oracle_.CheckGone(asked_at, instance_, after, last, place_);
}

void ReaderView::OnGoneUpTo(const Moment& asked_at, Cursor last) {
  if (last <= place_.last) return;
  gone_.emplace_back(place_.last, last);
  oracle_.CheckGone(asked_at, instance_, place_.last, last, place_);
}

void ReaderView::CheckAllCame(const Moment& moment) {
  if (filter_ == nullptr) return oracle_.CheckCaughtUp(moment, instance_, place_);
  CheckWanted(moment, Cursor(UINT64_MAX));
}

void ReaderView::CheckWanted(const Moment& moment, Cursor until) {
  if (filter_ == nullptr) return;
  oracle_.Judge(moment, instance_, [&](Ledger::Log& log, Broken& broken) {
    if (log.life != place_.life) return;
    for (const auto& [value, at] : log.acknowledged) {
      const Cursor cursor(value);
      if (cursor <= begin_ || cursor > until || at > moment.at || given_.contains(value)) continue;
      if (value < storage::SkippedBelow(log, place_) || log.erasing.contains(value)) continue;
      const auto told = [cursor](const auto& range) { return cursor > range.first && cursor <= range.second; };
      if (std::any_of(gone_.begin(), gone_.end(), told)) continue;
      const auto submitted = log.submitted.find(*storage::ReadName(log.known.at(value)));
      if (submitted == log.submitted.end() || !filter_->MatchesType(submitted->second.event.type)) continue;
      return broken.push_back(absl::StrCat(instance_, "/", value, " is wanted by a reader's filter and did not come"));
    }
  });
}

}  // namespace playhead::broker
