#include "tests/broker/read/simulation/appender.h"

#include <algorithm>
#include <chrono>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/simulation/event_name.h"
#include "tests/simulation/store_failure.h"
#include "tests/simulation/store_reads.h"
#include "tests/support/await.h"

namespace playhead::broker {

using storage::AppendResult;
using storage::Cursor;
using storage::EventName;
using storage::TestEvent;
using testing::Await;

namespace {

constexpr absl::Duration kPatience = absl::Minutes(10);
// How many session numbers each appender has.
constexpr uint64_t kSessionsMax = 1'000'000;
constexpr const char* kTypes[] = {"t", "u", "v"};

}  // namespace

void Appender::Start(WatchedLog& log, absl::Mutex& gate, DiskPlan plan, uint64_t appends, uint64_t seed) {
  log_ = &log;
  random_ = testing::Random(seed);
  session_ = log.NewAppendSession();
  session_number_ = number_ * kSessionsMax + ++last_session_;
  {
    absl::MutexLock lock(&mu_);
    failed_ = false;
    begun_ = 0;
  }
  thread_ = std::thread([this, &gate, plan, appends] { Run(gate, plan, appends); });
}

void Appender::Run(absl::Mutex& gate, DiskPlan plan, uint64_t appends) {
  bool runs = Recover(plan);
  for (uint64_t i = 0; runs && i < appends && oracle_.violations().empty(); ++i) {
    {
      absl::ReaderMutexLock lock(&gate);
      Step();
    }
    if (failed()) runs = Recover(plan);
    absl::MutexLock lock(&mu_);
    ++begun_;
  }
  AwaitInFlight(0);
  if (runs && failed()) Recover(plan);
  session_.reset();
  absl::MutexLock lock(&mu_);
  begun_ = appends;
}

bool Appender::Recover(DiskPlan plan) {
  const auto patience = std::chrono::steady_clock::now() + absl::ToChronoSeconds(kPatience);
  while (oracle_.violations().empty()) {
    if (std::chrono::steady_clock::now() > patience) oracle_.Violation("an append is refused again and again");
    AwaitInFlight(0);
    if (!failed() && IsSettled()) return true;
    if (failed() && plan == DiskPlan::kDies) return false;
    if (plan != DiskPlan::kDies && !log_->AwaitTakesAppends()) {
      oracle_.Violation("the store is not opened again");
      return false;
    }
    {
      absl::MutexLock lock(&mu_);
      failed_ = false;
    }
    session_ = log_->NewAppendSession();
    session_number_ = number_ * kSessionsMax + ++last_session_;
    TryAgain();
  }
  return false;
}

// Retries in order, each only when the one before it is known to be stored or refused, so that each session keeps its
// order.
void Appender::TryAgain() {
  for (;;) {
    Append append;
    {
      absl::MutexLock lock(&mu_);
      if (in_doubt_.empty()) return;
      append = in_doubt_.front();
      ++report_.tried_again;
    }
    const auto result = AppendAndWait(append);
    const bool settles = Settles(append, result);
    absl::MutexLock lock(&mu_);
    if (!settles) return;
    if (result.ok() && result->first_new == Cursor()) ++report_.stored_before;
    in_doubt_.pop_front();
  }
}

void Appender::Step() {
  const uint64_t what = random_.Below(10);
  if (!notes_answers_) return what < 7 ? AppendInOrder(/*by_producer=*/false) : AppendOnCondition();
  if (what < 4) return AppendInOrder(/*by_producer=*/false);
  if (what < 7) return AppendInOrder(/*by_producer=*/true);
  if (what < 9) return AppendOnCondition();
  Repeat();
}

void Appender::AppendInOrder(bool by_producer) {
  AwaitInFlight(kInFlightMax - 1);
  if (failed()) return;
  std::optional<Append> append = MakeAppend(session_number_);
  if (!append) return;
  if (by_producer) {
    for (TestEvent& event : append->events) event.id.clear();
    uint64_t& last = last_sequence_[append->instance];
    append->sequence = last + 1;
    last += append->events.size();
  }
  oracle_.OnSubmitted(append->instance, append->events);
  {
    absl::MutexLock lock(&mu_);
    ++in_flight_;
    in_doubt_.push_back(*append);
  }
  session_->Append(BatchOf(*append),
                   [this, append = *append](absl::StatusOr<AppendResult> result) { OnAnswered(append, result); });
}

void Appender::AppendOnCondition() {
  if (random_.OneIn(2)) AwaitInFlight(0);
  if (failed()) return;
  // In a session of its own, so that a refusal does not refuse the appends after it.
  std::optional<Append> append = MakeAppend(number_ * kSessionsMax + ++last_session_);
  if (!append) return;
  append->expected = HeadOf(append->instance);
  if (!append->expected) return;
  if (random_.OneIn(4) && append->expected->sequence() > 1) append->expected = Cursor(append->expected->value() - 1);
  oracle_.OnSubmitted(append->instance, append->events);
  const auto result = AppendAndWait(*append);
  if (Settles(*append, result)) return;
  absl::MutexLock lock(&mu_);
  in_doubt_.push_back(*append);
}

void Appender::Repeat() {
  Append append;
  {
    absl::MutexLock lock(&mu_);
    if (failed_ || stored_.empty()) return;
    append = std::next(stored_.begin(), static_cast<int64_t>(random_.Below(stored_.size())))->second;
  }
  if (oracle_.LifeOf(append.instance) != append.life) return;
  const auto result = AppendAndWait(append);
  if (!Settles(append, result) || !result.ok()) return;
  if (result->first_new != Cursor())
    oracle_.Violation(absl::StrCat(append.instance, ": what was repeated is stored again"));
  absl::MutexLock lock(&mu_);
  ++report_.repeated;
}

std::optional<Appender::Append> Appender::MakeAppend(uint64_t session) {
  const std::vector<std::string>& instances = storage::SimulatedInstances();
  Append append{.instance = instances[random_.Below(instances.size())]};
  const std::optional<uint64_t> life = oracle_.LifeOf(append.instance);
  if (!life) return std::nullopt;
  append.life = *life;
  if (lives_[append.instance] != *life) {
    lives_[append.instance] = *life;
    last_sequence_.erase(append.instance);
    std::erase_if(last_number_, [&](const auto& last) { return last.first.first == append.instance; });
  }
  for (uint64_t n = 1 + random_.Skewed(10); n > 0; --n) {
    TestEvent& event = append.events.emplace_back();
    const EventName name = {append.instance, *life, session, ++last_number_[{append.instance, session}]};
    event.type = kTypes[random_.Below(std::size(kTypes))];
    event.data = storage::WriteName(name) + std::string(random_.Skewed(random_.OneIn(30) ? 20'000 : 500), 'x');
    event.id = storage::WriteName(name);
  }
  return append;
}

storage::AppendBatch Appender::BatchOf(const Append& append) const {
  storage::AppendBatch batch = storage::MakeBatch(append.instance, append.events);
  batch.expected_cursor = append.expected;
  if (append.sequence) batch.producer = storage::ProducerSequence{absl::StrCat("producer-", number_), *append.sequence};
  return batch;
}

absl::StatusOr<AppendResult> Appender::AppendAndWait(const Append& append) {
  return Await<AppendResult>([&](auto done) { log_->NewAppendSession()->Append(BatchOf(append), std::move(done)); });
}

std::optional<Cursor> Appender::HeadOf(const std::string& instance) {
  const auto opened = Await<std::shared_ptr<storage::Instance>>(
      [&](auto done) { log_->OpenInstance(instance, storage::OpenMode::kExisting, std::move(done)); });
  if (opened.ok()) return (*opened)->head();
  if (HasReason(opened.status(), Reason::kInstanceNotFound)) return Cursor();
  if (!storage::IsStoreFailure(opened.status()))
    oracle_.Violation(absl::StrCat("to open: ", opened.status().ToString()));
  return std::nullopt;
}

void Appender::OnAnswered(const Append& append, const absl::StatusOr<AppendResult>& result) {
  const bool settles = Settles(append, result);
  absl::MutexLock lock(&mu_);
  --in_flight_;
  if (!settles) return;
  in_doubt_.erase(std::find_if(in_doubt_.begin(), in_doubt_.end(), [&](const Append& other) {
    return other.events.front().data == append.events.front().data;
  }));
}

bool Appender::Settles(const Append& append, const absl::StatusOr<AppendResult>& result) {
  const std::string where =
      absl::StrCat(append.instance, ": an append behind ", append.expected.value_or(Cursor()).value());
  if (result.ok()) {
    if (append.expected && result->first_new != Cursor() &&
        result->first_new.sequence() != append.expected->sequence() + 1) {
      oracle_.Violation(absl::StrCat(where, " is stored at ", result->first_new.value()));
    }
    if (notes_answers_) oracle_.OnAppended(append.instance, append.events, *result);
    absl::MutexLock lock(&mu_);
    if (append.expected) ++report_.conditions_met;
    stored_[append.instance] = append;
    return true;
  }
  if (append.expected && HasReason(result.status(), Reason::kCursorMismatch)) {
    const Cursor head(ToProto(result.status()).head_cursor());
    if (head == *append.expected) oracle_.Violation(absl::StrCat(where, " was refused, though that is the head"));
    oracle_.OnRefused(append.instance, append.events);
    oracle_.OnShown(append.instance, append.life, {head});
    absl::MutexLock lock(&mu_);
    ++report_.conditions_refused;
    return true;
  }
  if (!storage::IsStoreFailure(result.status())) {
    oracle_.Violation(absl::StrCat("to append to ", append.instance, " failed: ", result.status().ToString()));
  }
  absl::MutexLock lock(&mu_);
  failed_ = true;
  return false;
}

void Appender::AwaitInFlight(size_t at_most) {
  absl::MutexLock lock(&mu_);
  const auto few = [this, at_most]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return in_flight_ <= at_most; };
  if (!mu_.AwaitWithTimeout(absl::Condition(&few), kPatience)) oracle_.Violation("an append is not answered");
}

void Appender::AwaitBegun(uint64_t appends) const {
  absl::MutexLock lock(&mu_);
  const auto enough = [this, appends]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return begun_ >= appends; };
  mu_.Await(absl::Condition(&enough));
}

bool Appender::IsSettled() const {
  absl::MutexLock lock(&mu_);
  return in_doubt_.empty();
}

bool Appender::failed() const {
  absl::MutexLock lock(&mu_);
  return failed_;
}

AppenderReport Appender::report() const {
  absl::MutexLock lock(&mu_);
  return report_;
}

}  // namespace playhead::broker
