#include "broker/dialects/photon/continuations.h"

#include <algorithm>

namespace playhead::broker::photon {
namespace {

// Whether two positions are equal, even if only one of them names its instance.
bool AreOne(const Position& a, const Position& b) { return !model::IsBefore(a, b) && !model::IsBefore(b, a); }

}  // namespace

uint64_t Continuations::FetchStarted(const std::string& connection, const Position& from, SteadyTime now) {
  absl::MutexLock lock(&mu_);
  Entry& entry = Use(connection, now);
  const uint64_t number = ++last_fetch_;
  if (entry.settled && GoesOn(from, *entry.settled, now)) entry.settled.reset();
  // A client that continues where a reply ended has received it, even if the transport has not yet reported that.
  std::erase_if(entry.fetches, [&from](const Fetch& fetch) {
    return fetch.reached && fetch.reached->last_frame && AreOne(from, *fetch.reached->last_frame);
  });
  // A client that fetches has a position of its own. If this is at or before the head at which it was bounced, the
  // bounce does not matter any more.
  if (entry.bounced && !model::IsBefore(*entry.bounced, from)) entry.bounced.reset();
  if (entry.fetches.size() < options_.fetches_max) {
    entry.fetches.push_back({number, from, std::nullopt});
  } else {
    Settle(entry, from, std::nullopt, now);
  }
  return number;
}

void Continuations::FetchReplaced(const std::string& connection, uint64_t fetch, const Position& from) {
  absl::MutexLock lock(&mu_);
  const auto entry = entries_.find(connection);
  if (entry == entries_.end()) return;
  for (Fetch& candidate : entry->second.fetches) {
    if (candidate.number == fetch) candidate.from = from;
  }
}

void Continuations::FetchReplied(const std::string& connection, uint64_t fetch, const Reached& reached) {
  absl::MutexLock lock(&mu_);
  const auto entry = entries_.find(connection);
  if (entry == entries_.end()) return;
  for (Fetch& candidate : entry->second.fetches) {
    if (candidate.number == fetch) candidate.reached = reached;
  }
}

void Continuations::FetchEnded(const std::string& connection, uint64_t fetch, bool written, SteadyTime now) {
  absl::MutexLock lock(&mu_);
  if (!entries_.contains(connection)) return;
  Entry& entry = Use(connection, now);
  const auto found = std::find_if(entry.fetches.begin(), entry.fetches.end(),
                                  [fetch](const Fetch& candidate) { return candidate.number == fetch; });
  if (found == entry.fetches.end()) return;  // A stream has taken it.
  Settle(entry, found->from, written ? found->reached : std::nullopt, now);
  entry.fetches.erase(found);
}

void Continuations::Bounced(const std::string& connection, const Position& head, SteadyTime now) {
  absl::MutexLock lock(&mu_);
  Entry& entry = Use(connection, now);
  if (!entry.bounced) {
    entry.bounced = head;
    entry.bounced_at = now;
  } else if (model::IsBefore(head, *entry.bounced)) {
    entry.bounced = head;
  }
}

void Continuations::PutBack(const std::string& connection, const Position& start, SteadyTime now) {
  absl::MutexLock lock(&mu_);
  Settle(Use(connection, now), start, std::nullopt, now);
}

Continuations::Taken Continuations::Take(const std::string& connection, bool wait_for_replies, SteadyTime now) {
  absl::MutexLock lock(&mu_);
  ForgetExpired(now);
  const auto found = entries_.find(connection);
  if (found == entries_.end()) return {};
  const Entry& entry = found->second;
  Taken taken;
  const auto consider = [&taken](const Position& position) {
    if (!taken.start || model::IsBefore(position, *taken.start)) taken.start = position;
  };
  for (const Fetch& fetch : entry.fetches) {
    if (fetch.reached && wait_for_replies) return {.start = std::nullopt, .settling = true};
    consider(fetch.from);
  }
  if (entry.settled) consider(entry.settled->position);
  const bool returned = taken.start || now - entry.bounced_at >= absl::ToChronoNanoseconds(options_.bounce_return_min);
  if (entry.bounced && !returned) return {};  // Another stream of the connection: the bounced one may still return.
  if (entry.bounced) consider(*entry.bounced);
  Forget(found);
  return taken;
}

size_t Continuations::size() const {
  absl::MutexLock lock(&mu_);
  return entries_.size();
}

Continuations::Entry& Continuations::Use(const std::string& connection, SteadyTime now) {
  ForgetExpired(now);
  auto [found, added] = entries_.try_emplace(connection);
  if (added) {
    if (entries_.size() > options_.connections_max) Forget(entries_.find(*uses_.front()));
    found = entries_.find(connection);
    found->second.use = uses_.insert(uses_.end(), &found->first);
  } else {
    uses_.splice(uses_.end(), uses_, found->second.use);
  }
  found->second.used_at = now;
  return found->second;
}

void Continuations::Forget(Entries::iterator entry) {
  uses_.erase(entry->second.use);
  entries_.erase(entry);
}

void Continuations::ForgetExpired(SteadyTime now) {
  while (!uses_.empty()) {
    const auto oldest = entries_.find(*uses_.front());
    if (now - oldest->second.used_at < absl::ToChronoNanoseconds(options_.expiry)) return;
    Forget(oldest);
  }
}

bool Continuations::GoesOn(const Position& from, const Settled& settled, SteadyTime now) const {
  const bool in_turn = settled.had_frames || now - settled.at >= absl::ToChronoNanoseconds(options_.empty_fetch_min);
  return in_turn && AreOne(from, settled.held);
}

void Continuations::Settle(Entry& entry, const Position& from, const std::optional<Reached>& reached, SteadyTime now) {
  const Position& position = reached ? reached->position : from;
  if (entry.settled && !model::IsBefore(position, entry.settled->position)) return;
  const bool had_frames = reached && reached->last_frame;
  entry.settled = {position, had_frames ? *reached->last_frame : from, had_frames, now};
}

}  // namespace playhead::broker::photon
