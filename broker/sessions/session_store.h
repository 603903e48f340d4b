// SessionStore: what the broker remembers about clients that return. It has a small record for each session, which
// outlives the connection and the broker.
//
// A dialect stores here what its client cannot repeat: its position, and what it had subscribed to. The value is
// opaque. Changes are held in memory and written together, at most kSessionWriteInterval later: a crash loses the last
// second of changes, so a position moves back by that, and its client gets some events twice.
//
// Bounded: a session that nobody has used for SessionLimits::expiry is removed; and when there are too many, of one
// owner or in total, the least recently used one makes room for the new one. A session in use is never removed.
#ifndef PLAYHEAD_BROKER_SESSIONS_SESSION_STORE_H_
#define PLAYHEAD_BROKER_SESSIONS_SESSION_STORE_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/container/btree_set.h"
#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/age_clock.h"
#include "broker/core.h"
#include "broker/timer_queue.h"
#include "storage/callback.h"
#include "storage/event_log.h"
#include "storage/record_store.h"
#include "storage/types.h"

namespace playhead::broker {

inline constexpr size_t kSessionValueBytesMax = size_t{4} << 10;
inline constexpr size_t kSessionKeyBytesMax = 80;
// How long a change may wait to be written.
inline constexpr absl::Duration kSessionWriteInterval = absl::Seconds(1);
// How often, at most, the use of a session is written.
inline constexpr absl::Duration kSessionUseWriteInterval = absl::Hours(1);

struct SessionLimits {
  size_t sessions_max = 20'000;
  size_t sessions_per_owner_max = 2'000;
  absl::Duration expiry = absl::Hours(24 * 30);
  // How often expired sessions are searched for.
  absl::Duration expiry_interval = absl::Minutes(1);
};

struct SessionRecord {
  std::string owner;                 // The owner: a key's id; "" on a broker that runs open.
  storage::InstanceNumber instance;  // The session is removed when this instance is deleted; the default number is
                                     // none.
  std::string value;                 // The dialect's value: up to kSessionValueBytesMax.

  friend bool operator==(const SessionRecord&, const SessionRecord&) = default;
};

// Thread safety: all methods but Load and SetOnRemoved may be called from any thread.   Blocking: Load and Stop only.
// Ownership: borrows what `core` refers to; must outlive the log, whose callbacks end here, and the timers.
class SessionStore {
 public:
  // Keeps a session in use until destroyed. Movable; not thread-safe. The store must outlive it.
  class Use {
   public:
    Use() = default;
    Use(Use&& other) noexcept : store_(std::exchange(other.store_, nullptr)), key_(std::move(other.key_)) {}
    Use& operator=(Use&& other) noexcept;
    ~Use() { Reset(); }

   private:
    friend class SessionStore;
    Use(SessionStore* store, std::string key) : store_(store), key_(std::move(key)) {}
    void Reset();

    SessionStore* store_ = nullptr;
    std::string key_;
  };

  // Loads all stored sessions. Blocks until then.
  //   DataLoss     a row is damaged.
  //   Unavailable  as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<SessionStore>> Load(const Core& core, const SessionLimits& limits = {});

  // Registers `on_removed` for sessions that are removed because they expired, or to make room for others. Call it
  // before anything else, and at most once for each prefix of keys.
  using OnRemoved = std::function<void(const std::string& key)>;
  void SetOnRemoved(std::string prefix, OnRemoved on_removed);

  // nullopt if there is none. Does not count as use.
  std::optional<SessionRecord> Get(absl::string_view key) const ABSL_LOCKS_EXCLUDED(mu_);
  // The keys that begin with `prefix`, in order.
  std::vector<std::string> Keys(absl::string_view prefix) const ABSL_LOCKS_EXCLUDED(mu_);

  // Creates or changes the session, and counts as use.
  //   InvalidArgument    MALFORMED_REQUEST: the key or the value is too long.
  //   ResourceExhausted  STREAMS_LIMIT: the session is new, the maximum number exists, and all are in use.
  absl::Status Put(const std::string& key, SessionRecord record) ABSL_LOCKS_EXCLUDED(mu_);
  // Makes the session count as used until the result is destroyed; nullopt if there is no such session.
  std::optional<Use> Hold(const std::string& key) ABSL_LOCKS_EXCLUDED(mu_);
  void Remove(const std::string& key) ABSL_LOCKS_EXCLUDED(mu_);

  // For InstanceDeletion: removes the sessions of the instance; calls `done` when that is durable.
  void OnInstanceDeleted(const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Calls `done` when all changes up to now are durable, or their write has failed.
  void Flush(storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  // Writes all remaining changes; afterwards nothing is written any more. Blocks until that is done, or until
  // `deadline`.
  void Stop(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

  size_t size() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Entry {
    SessionRecord record;
    absl::Time used_at;
    absl::Time written_used_at = absl::InfinitePast();
    uint32_t uses = 0;
  };
  using Entries = absl::btree_map<std::string, Entry, std::less<>>;

  SessionStore(const Core& core, const SessionLimits& limits) : core_(core), limits_(limits) {}

  absl::Status LoadAll() ABSL_LOCKS_EXCLUDED(mu_);
  absl::Time Now() const { return core_.auth.clock()(); }

  void Release(const std::string& key) ABSL_LOCKS_EXCLUDED(mu_);
  // Counts as use.
  void Touch(Entries::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Whether there is room for one more session of `owner`; unless it `is_new`, it already has a place in the store.
  // Sessions that were removed for it are added to `removed`.
  bool MakeRoom(const std::string& owner, bool is_new, std::vector<std::string>& removed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Erase(Entries::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RemoveExpired() ABSL_LOCKS_EXCLUDED(mu_);
  void TellRemoved(const std::vector<std::string>& keys) const;

  // Writing: at most one write is in progress.
  void MarkDirty(const std::string& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmWrite() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void ArmExpiry() ABSL_LOCKS_EXCLUDED(mu_);
  void StartWrite() ABSL_LOCKS_EXCLUDED(mu_);
  void OnWritten(std::vector<std::string> keys, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mu_);
  storage::RecordChange RowOf(const std::string& key) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Core core_;
  const SessionLimits limits_;
  std::vector<std::pair<std::string, OnRemoved>> on_removed_;  // By prefix.

  mutable absl::Mutex mu_;  // Guards the members below it.
  AgeClock age_clock_ ABSL_GUARDED_BY(mu_);
  Entries entries_ ABSL_GUARDED_BY(mu_);
  absl::btree_set<std::pair<absl::Time, std::string>> unused_ ABSL_GUARDED_BY(mu_);  // By when they were last used.
  absl::flat_hash_map<std::string, size_t> owners_ ABSL_GUARDED_BY(mu_);             // The number of sessions of each
                                                                                     // owner; never 0.
  absl::btree_set<std::string> dirty_ ABSL_GUARDED_BY(mu_);                          // To be written or deleted.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool write_armed_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<storage::StatusCallback> waiting_ ABSL_GUARDED_BY(mu_);  // Callbacks for the changes that are dirty now
                                                                       // or being written.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SESSIONS_SESSION_STORE_H_
