#include "broker/dialects/socketio/left_behind.h"

#include <iterator>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "broker/dialects/socketio/stored_session.h"

namespace playhead::broker::socketio {

void LeftBehind::Load(const SessionStore& sessions, SteadyTime now) {
  for (std::string& key : sessions.Keys(absl::StrCat(kSessionDialect, "."))) {
    const auto record = sessions.Get(key);
    const auto session = record ? DecodeSession(record->value) : std::nullopt;
    if (!session || session->acked_key.empty()) continue;
    Add({record->owner, record->instance, session->name_space}, std::move(key), now);
  }
}

void LeftBehind::Add(const Owner& owner, std::string key, SteadyTime now) {
  std::vector<std::string> expired;
  {
    absl::MutexLock lock(&mu_);
    Keys& keys = keys_[owner];
    keys.emplace(now, std::move(key));
    if (keys.size() > kLeftBehindMax) {
      expired.push_back(std::move(keys.begin()->second));
      keys.erase(keys.begin());
    }
  }
  TellExpired(expired);
}

std::optional<std::string> LeftBehind::Take(const Owner& owner, SteadyTime now) {
  std::vector<std::string> expired;
  std::optional<std::string> key;
  {
    absl::MutexLock lock(&mu_);
    const auto found = keys_.find(owner);
    if (found == keys_.end()) return std::nullopt;
    Keys& keys = found->second;
    TakeExpired(keys, now, expired);
    if (!keys.empty()) {
      key = std::move(keys.begin()->second);
      keys.erase(keys.begin());
    }
    if (keys.empty()) keys_.erase(found);
  }
  TellExpired(expired);
  return key;
}

void LeftBehind::Expire(SteadyTime now) {
  std::vector<std::string> expired;
  {
    absl::MutexLock lock(&mu_);
    for (auto owner = present_.begin(); owner != present_.end();) {
      auto& clients = owner->second.clients;
      std::erase_if(clients, [](const auto& client) { return client.expired(); });
      owner = clients.empty() ? present_.erase(owner) : std::next(owner);
    }
    for (auto owner = keys_.begin(); owner != keys_.end();) {
      TakeExpired(owner->second, now, expired);
      owner = owner->second.empty() ? keys_.erase(owner) : std::next(owner);
    }
  }
  TellExpired(expired);
}

void LeftBehind::TakeExpired(Keys& keys, SteadyTime now, std::vector<std::string>& expired) const {
  const SteadyTime until = now - absl::ToChronoNanoseconds(window_);
  while (!keys.empty() && keys.begin()->first < until) {
    expired.push_back(std::move(keys.begin()->second));
    keys.erase(keys.begin());
  }
}

void LeftBehind::TellExpired(const std::vector<std::string>& keys) const {
  for (const std::string& key : keys) on_expired_(key);
}

void LeftBehind::AddPresent(const Owner& owner, std::weak_ptr<PresentClient> client) {
  absl::MutexLock lock(&mu_);
  auto& clients = present_[owner].clients;
  if (clients.size() == clients.capacity()) {
    std::erase_if(clients, [](const auto& other) { return other.expired(); });
  }
  clients.push_back(std::move(client));
}

void LeftBehind::EndSilent(const Owner& owner, SteadyTime now) {
  std::vector<std::shared_ptr<PresentClient>> clients;
  {
    absl::MutexLock lock(&mu_);
    const auto found = present_.find(owner);
    if (found == present_.end()) return;
    Present& present = found->second;
    if (now < present.checked_at + absl::ToChronoNanoseconds(kSilenceCheckInterval)) return;
    present.checked_at = now;
    for (const auto& client : present.clients) {
      if (auto live = client.lock()) clients.push_back(std::move(live));
    }
  }
  for (const auto& client : clients) client->EndIfSilent();
}

}  // namespace playhead::broker::socketio
