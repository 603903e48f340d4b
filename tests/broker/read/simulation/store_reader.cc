#include "tests/broker/read/simulation/store_reader.h"

#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/simulation/store_reads.h"

namespace playhead::broker {

using storage::Moment;
using storage::StorePosition;

StoreReader::StoreReader(storage::Oracle& oracle, std::shared_ptr<const storage::InstanceSelector> selector, From from,
                         ReaderOptions options, uint64_t seed)
    : SubscriptionReader(oracle, "a reader of many", std::move(options), seed),
      selector_(std::move(selector)),
      from_(from) {
  for (const std::string& instance : storage::SimulatedInstances()) {
    if (!selector_->Selects(instance)) continue;
    views_.emplace(instance, ReaderView(oracle, instance, options_.filter, from == From::kBeginning));
  }
}

std::optional<ManySubscriptionRequest> StoreReader::MakeRequest() {
  ManySubscriptionRequest request;
  request.instances = selector_;
  if (from_ == From::kBeginning && position_ == StorePosition()) {
    request.start = FromBeginning{};
  } else {
    request.start = AfterPosition{position_};
  }
  request.filter = options_.filter;
  request.allow_gap = allow_gap_ = options_.allow_gap || std::exchange(was_trimmed_, false);
  request.heartbeat_interval = options_.heartbeat_interval;
  return request;
}

StoreReader::Then StoreReader::Take(const ManyDelivery& delivery) {
  if (const auto* started = std::get_if<ManyStarted>(&delivery)) {
    if (started->position != position_) Violation("does not start where it was");
  } else if (const auto* events = std::get_if<ManyEvents>(&delivery)) {
    if (events->position <= position_) Violation("was given what is not behind its position");
    MoveTo(events->position);
    OnEvents(*events);
  } else if (const auto* gap = std::get_if<ManyGap>(&delivery)) {
    if (!allow_gap_) Violation("was told of a gap, and does not allow any");
    MoveTo(gap->position);
    OnGap(*gap);
  } else if (const auto* caught_up = std::get_if<ManyCaughtUp>(&delivery)) {
    MoveTo(caught_up->position);
    OnCaughtUp();
    CheckAllCame(connected_at_);
  } else if (const auto* heartbeat = std::get_if<ManyHeartbeat>(&delivery)) {
    MoveTo(heartbeat->position);
  }
  return Then::kGoOn;
}

void StoreReader::MoveTo(StorePosition position) {
  if (position < position_) Violation("was sent back");
  position_ = position;
}

void StoreReader::OnEvents(const ManyEvents& events) {
  const std::string& name = events.instance->name();
  const Moment beginning = oracle_.BeginningOf(name);  // Read before it is known that the events are of this life.
  ReaderView* const view = ViewOf(*events.instance);
  if (events.event_count == 0) Violation("was given no events");
  if (view == nullptr) return;
  // Events of this life were asked for in this life.
  const Moment& moment = asked_at_.at < beginning.at ? beginning : asked_at_;
  const std::vector<storage::TestEvent> given =
      view->OnGiven(moment, events.slices, events.event_count, events.bytes, events.last);
  oracle_.CheckStoreOrder(moment, name, given, store_order_);
  for (const storage::TestEvent& event : given) order_.emplace_back(name, event.cursor);
}

void StoreReader::OnGap(const ManyGap& gap) {
  if (gap.instance == nullptr) return OnForgotten();
  const Moment beginning = oracle_.BeginningOf(gap.instance->name());
  ReaderView* const view = ViewOf(*gap.instance);
  if (view == nullptr) return;
  view->OnGone(asked_at_.at < beginning.at ? beginning : asked_at_, gap.after, gap.last, gap.event_count);
}

void StoreReader::OnForgotten() {
  bool any_trimmed = false;
  for (auto& [instance, unused] : views_) {
    ReaderView* const view = ViewOf(instance);
    if (view == nullptr) continue;
    oracle_.NoteForgotten(instance, view->place());
    any_trimmed = any_trimmed || view->place().may_skip_below > 0;
  }
  if (!any_trimmed) Violation("was told of forgotten commits, though nothing was trimmed");
}

ReaderView* StoreReader::ViewOf(const storage::Instance& instance) {
  if (!views_.contains(instance.name())) {
    Violation(absl::StrCat("was given ", instance.name(), ", which it does not want"));
    return nullptr;
  }
  ReaderView* const view = ViewOf(instance.name());
  // In this order: an instance that is not deleted now belongs to the life that ViewOf has found.
  return view == nullptr || instance.deleted() ? nullptr : view;
}

ReaderView* StoreReader::ViewOf(const std::string& instance) {
  const std::optional<uint64_t> life = oracle_.LifeOf(instance);
  if (!life) return nullptr;
  ReaderView& view = views_.at(instance);
  if (view.life() != *life) view.BeginLife(*life);
  return &view;
}

bool StoreReader::MayBeEndedBy(const absl::Status& status) {
  if (!HasReason(status, Reason::kCursorTrimmed) || allow_gap_) return false;
  was_trimmed_ = true;
  return true;
}

bool StoreReader::IsAtEnd(const Ends& ends) const { return position_ >= ends.store; }

void StoreReader::CheckAllCame() { CheckAllCame(oracle_.Now()); }

void StoreReader::CheckAllCame(const Moment& moment) {
  for (auto& [instance, unused] : views_) {
    if (ReaderView* const view = ViewOf(instance)) view->CheckAllCame(moment);
  }
}

void StoreReader::CheckNoneMissing() {
  absl::MutexLock lock(&mu_);
  const Moment moment = oracle_.Now();
  for (auto& [instance, view] : views_) view.CheckNoneMissing(moment);
}

std::string StoreReader::Where() const {
  return absl::StrCat(position_.commit.value(), "/", position_.instance.value(), "/", position_.cursor.value());
}

uint64_t StoreReader::given() const {
  absl::MutexLock lock(&mu_);
  uint64_t count = 0;
  for (const auto& [instance, view] : views_) count += view.given();
  return count;
}

storage::GivenOrder StoreReader::order() const {
  absl::MutexLock lock(&mu_);
  return order_;
}

}  // namespace playhead::broker
