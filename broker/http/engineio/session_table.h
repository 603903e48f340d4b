// The sessions of a server, by id.
#ifndef PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_TABLE_H_
#define PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_TABLE_H_

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace playhead::broker::http::engineio {

// Thread safety: all methods may be called from any thread.   Blocking: none.
template <typename Session>
class SessionTable {
 public:
  // Returns false, without adding it, if there are `sessions_max` already or the table is closed.
  bool Add(const std::shared_ptr<Session>& session, size_t sessions_max) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (closed_ || sessions_.size() >= sessions_max) return false;
    return sessions_.emplace(session->id(), session).second;
  }

  void Remove(const std::string& id) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    sessions_.erase(id);
  }

  // nullptr if there is none.
  std::shared_ptr<Session> Find(absl::string_view id) const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : found->second;
  }

  // Accepts no more sessions, and returns those that exist.
  std::vector<std::shared_ptr<Session>> Close() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    closed_ = true;
    std::vector<std::shared_ptr<Session>> sessions;
    for (const auto& [id, session] : sessions_) sessions.push_back(session);
    return sessions;
  }

  size_t size() const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return sessions_.size();
  }

 private:
  mutable absl::Mutex mu_;  // Guards the members below it.
  absl::flat_hash_map<std::string, std::shared_ptr<Session>> sessions_ ABSL_GUARDED_BY(mu_);
  bool closed_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker::http::engineio

#endif  // PLAYHEAD_BROKER_HTTP_ENGINEIO_SESSION_TABLE_H_
