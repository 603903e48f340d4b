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
  absl::MutexLock lock(&mu_);
  keys_[owner].emplace(now, std::move(key));
}

std::optional<std::string> LeftBehind::Take(const Owner& owner, SteadyTime now) {
  Expire(now);
  absl::MutexLock lock(&mu_);
  const auto found = keys_.find(owner);
  if (found == keys_.end()) return std::nullopt;
  auto& keys = found->second;
  std::string key = std::move(keys.begin()->second);
  keys.erase(keys.begin());
  if (keys.empty()) keys_.erase(found);
  return key;
}

void LeftBehind::Expire(SteadyTime now) {
  std::vector<std::string> expired;
  {
    absl::MutexLock lock(&mu_);
    const SteadyTime until = now - absl::ToChronoNanoseconds(window_);
    for (auto owner = present_.begin(); owner != present_.end();) {
      std::erase_if(owner->second, [](const auto& client) { return client.expired(); });
      owner = owner->second.empty() ? present_.erase(owner) : std::next(owner);
    }
    for (auto owner = keys_.begin(); owner != keys_.end();) {
      auto& keys = owner->second;
      while (!keys.empty() && keys.begin()->first < until) {
        expired.push_back(std::move(keys.begin()->second));
        keys.erase(keys.begin());
      }
      owner = keys.empty() ? keys_.erase(owner) : std::next(owner);
    }
  }
  for (const std::string& key : expired) on_expired_(key);
}

void LeftBehind::AddPresent(const Owner& owner, std::weak_ptr<PresentClient> client) {
  absl::MutexLock lock(&mu_);
  auto& clients = present_[owner];
  std::erase_if(clients, [](const auto& other) { return other.expired(); });
  clients.push_back(std::move(client));
}

void LeftBehind::EndSilent(const Owner& owner) {
  std::vector<std::shared_ptr<PresentClient>> clients;
  {
    absl::MutexLock lock(&mu_);
    const auto found = present_.find(owner);
    if (found == present_.end()) return;
    for (const auto& client : found->second) {
      if (auto live = client.lock()) clients.push_back(std::move(live));
    }
  }
  for (const auto& client : clients) client->EndIfSilent();
}

}  // namespace playhead::broker::socketio
