#include "tests/integration/semantics/oracle.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace playhead::testing {
namespace {

std::string Text(const EventKey& event) { return absl::StrCat(event.first, "/", event.second); }

}  // namespace

void Oracle::OnAppended(const EventKey& event, Appended appended) {
  absl::MutexLock lock(&mu_);
  const auto [it, inserted] = appended_.emplace(event, appended);
  if (!inserted && it->second.data != appended.data) ADD_FAILURE() << Text(event) << " was acknowledged for two events";
}

void Oracle::OnDeleted(const std::string& instance) {
  absl::MutexLock lock(&mu_);
  auto it = appended_.lower_bound({instance, 0});
  while (it != appended_.end() && it->first.first == instance) it = appended_.erase(it);
}

void Oracle::OnErasing(const EventKey& event) {
  absl::MutexLock lock(&mu_);
  erased_.insert(event);
}

void Oracle::AddConsumer(const std::string& consumer, std::function<bool(const EventKey&, const Appended&)> wants) {
  absl::MutexLock lock(&mu_);
  consumers_[consumer].wants = std::move(wants);
}

void Oracle::OnResetting(const std::string& consumer) {
  absl::MutexLock lock(&mu_);
  Consumer& resetting = consumers_.at(consumer);
  ++resetting.generation;
  resetting.confirmed.clear();
}

void Oracle::OnReset(const std::string& consumer, bool done) {
  absl::MutexLock lock(&mu_);
  Consumer& reset = consumers_.at(consumer);
  reset.confirmed.clear();
  // Streams that began meanwhile may be of before the reset or behind it.
  const uint64_t meanwhile = reset.generation++;
  if (!done) return;
  for (auto it = reset.settling.begin(); it != reset.settling.end();) {
    std::map<uint64_t, int>& said = it->second;
    said.erase(said.begin(), said.lower_bound(meanwhile));
    it = said.empty() ? reset.settling.erase(it) : std::next(it);
  }
}

void Oracle::OnRequeue(const std::string& consumer_name, const std::vector<EventKey>& parked) {
  absl::MutexLock lock(&mu_);
  Consumer& consumer = consumers_.at(consumer_name);
  std::set<EventKey> listed;
  for (const EventKey& event : parked) {
    if (!listed.insert(event).second) ADD_FAILURE() << consumer_name << " has parked " << Text(event) << " twice";
    if (consumer.confirmed.count(event) > 0) {
      ADD_FAILURE() << consumer_name << " has parked " << Text(event) << ", whose acknowledgement had been confirmed";
    }
    consumer.ever_parked.insert(event);
    consumer.settling.erase(event);
  }
}

Oracle::Stream Oracle::Begin(const std::string& consumer) {
  absl::MutexLock lock(&mu_);
  return Stream(*this, consumer, ++clock_, consumers_.at(consumer).generation);
}

void Oracle::Stream::OnDelivered(const EventKey& event, const std::string& type, const std::string& data) {
  absl::MutexLock lock(&oracle_.mu_);
  ++oracle_.delivered_;
  const Consumer& consumer = oracle_.consumers_.at(consumer_);
  if (consumer.generation == generation_) {
    const auto confirmed = consumer.confirmed.find(event);
    // A stream that began before may have had it in its buffers.
    const bool is_again =
        confirmed != consumer.confirmed.end() && (confirmed->second < began_ || confirmed_here_.count(event) > 0);
    if (is_again) {
      ADD_FAILURE() << consumer_ << " got " << Text(event) << " again, although its settlement had been confirmed";
    }
  }
  uint64_t& newest = newest_seen_[event.first];
  if (seen_.insert(event).second) {
    if (event.second < newest && consumer.ever_parked.count(event) == 0) {
      ADD_FAILURE() << consumer_ << " got " << Text(event) << " behind " << newest;
    }
    newest = std::max(newest, event.second);
  }
  const auto appended = oracle_.appended_.find(event);
  if (appended == oracle_.appended_.end() || oracle_.erased_.count(event) > 0)
    return;  // Told later, deleted, or erased.
  EXPECT_EQ(data, appended->second.data) << consumer_ << " " << Text(event);
  EXPECT_EQ(type, appended->second.type) << consumer_ << " " << Text(event);
}

void Oracle::Stream::OnSettling(const EventKey& event) {
  absl::MutexLock lock(&oracle_.mu_);
  ++oracle_.consumers_.at(consumer_).settling[event][generation_];
}

void Oracle::Stream::OnRefused(const EventKey& event) {
  absl::MutexLock lock(&oracle_.mu_);
  Consumer& consumer = oracle_.consumers_.at(consumer_);
  const auto found = consumer.settling.find(event);
  if (found == consumer.settling.end()) return;
  const auto said = found->second.find(generation_);
  if (said == found->second.end()) return;
  if (--said->second == 0) found->second.erase(said);
  if (found->second.empty()) consumer.settling.erase(found);
}

void Oracle::Stream::OnConfirmed(const EventKey& event) {
  absl::MutexLock lock(&oracle_.mu_);
  Consumer& consumer = oracle_.consumers_.at(consumer_);
  if (consumer.generation != generation_) return;
  consumer.confirmed.emplace(event, ++oracle_.clock_);
  confirmed_here_.insert(event);
  ++oracle_.confirmed_;
}

void Oracle::Stream::OnParked(const EventKey& event) {
  absl::MutexLock lock(&oracle_.mu_);
  oracle_.consumers_.at(consumer_).ever_parked.insert(event);
}

void Oracle::Stream::OnGap(const std::string& instance, uint64_t after, uint64_t last) const {
  ADD_FAILURE() << consumer_ << " was told that " << instance << " (" << after << ", " << last << "] is gone";
}

void Oracle::ExpectNothingLost(const std::string& consumer_name) {
  absl::MutexLock lock(&mu_);
  const Consumer& consumer = consumers_.at(consumer_name);
  int lost = 0;
  for (const auto& [event, appended] : appended_) {
    if (!consumer.wants(event, appended) || erased_.count(event) > 0) continue;
    if (consumer.settling.count(event) > 0) continue;
    if (++lost <= 10) ADD_FAILURE() << consumer_name << " never settled " << Text(event) << ", and it does not come";
  }
  EXPECT_EQ(lost, 0) << consumer_name;
}

size_t Oracle::appended_count() const {
  absl::MutexLock lock(&mu_);
  return appended_.size();
}

uint64_t Oracle::delivered_count() const {
  absl::MutexLock lock(&mu_);
  return delivered_;
}

uint64_t Oracle::confirmed_count() const {
  absl::MutexLock lock(&mu_);
  return confirmed_;
}

std::map<uint64_t, Oracle::Appended> Oracle::events_of(const std::string& instance) const {
  absl::MutexLock lock(&mu_);
  std::map<uint64_t, Appended> events;
  for (auto it = appended_.lower_bound({instance, 0}); it != appended_.end() && it->first.first == instance; ++it) {
    events.emplace(it->first.second, it->second);
  }
  return events;
}

}  // namespace playhead::testing
