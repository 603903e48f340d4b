// SessionStore: what the broker remembers of clients that come back: a small record for each session, which outlives
// the connection and the broker.
//
// A dialect keeps here what its client cannot say again: where it was, what it had subscribed to. What it keeps is
// opaque. Changes are held in memory and written together, at most kSessionWriteInterval later: what a crash loses is
// the last second, so a position goes back by that and its client gets some events twice.
//
// Bounded: a session that nobody has used for SessionLimits::expiry goes; and when there are too many, of one owner or
// over all, the one that was longest unused makes room for the new one. A session in use never goes.
#ifndef PLAYHEAD_BROKER_SESSIONS_SESSION_STORE_H_
#define PLAYHEAD_BROKER_SESSIONS_SESSION_STORE_H_

#include <cstddef>
#include <cstdint>
#include <deque>
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
// That a session was used is written no more often than this.
inline constexpr absl::Duration kSessionUseWriteInterval = absl::Hours(1);

struct SessionLimits {
  size_t sessions_max = 20'000;
  size_t sessions_per_owner_max = 2'000;
  absl::Duration expiry = absl::Hours(24 * 30);
  // How often sessions that have expired are looked for.
  absl::Duration expiry_interval = absl::Minutes(1);
};

struct SessionRecord {
  std::string owner;                 // Whose it is: a key's id; "" on a broker that runs open.
  storage::InstanceNumber instance;  // It goes when this one is deleted; the default number is none.
  std::string value;                 // The dialect's: up to kSessionValueBytesMax.

  friend bool operator==(const SessionRecord&, const SessionRecord&) = default;
};

// Thread safety: all methods but Load and SetOnRemoved may be called from any thread.   Blocking: Load and Stop only.
// Ownership: borrows what `core` refers to; must outlive the log, whose callbacks end here, and the timers.
class SessionStore {
 public:
  // A session in use; not any more when destroyed. Movable; not thread-safe. The store must outlive it.
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

  // Takes up all sessions that are stored. Blocks until then.
  //   DataLoss     a row is damaged.
  //   Unavailable  as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<SessionStore>> Load(const Core& core, const SessionLimits& limits = {});

  // Calls `on_removed` for sessions that went by themselves, because they expired or others took their room. Call it
  // before anything else, and once at most for each beginning of keys.
  using OnRemoved = std::function<void(const std::string& key)>;
  void SetOnRemoved(std::string prefix, OnRemoved on_removed);

  // nullopt if there is none. Does not count as use.
  std::optional<SessionRecord> Get(absl::string_view key) const ABSL_LOCKS_EXCLUDED(mu_);
  // The keys that begin with `prefix`, in order.
  std::vector<std::string> Keys(absl::string_view prefix) const ABSL_LOCKS_EXCLUDED(mu_);

  // Makes the session or changes it, and counts as use.
  //   InvalidArgument    MALFORMED_REQUEST: the key or the value is too long.
  //   ResourceExhausted  STREAMS_LIMIT: it is new, and there are as many as may be, all in use.
  absl::Status Put(const std::string& key, SessionRecord record) ABSL_LOCKS_EXCLUDED(mu_);
  // Has it count as used until that is destroyed; nullopt if there is none.
  std::optional<Use> Hold(const std::string& key) ABSL_LOCKS_EXCLUDED(mu_);
  void Remove(const std::string& key) ABSL_LOCKS_EXCLUDED(mu_);

  // For InstanceDeletion: removes those of the instance; `done` when that is durable.
  void OnInstanceDeleted(const std::shared_ptr<storage::Instance>& instance, storage::StatusCallback done)
      ABSL_LOCKS_EXCLUDED(mu_);

  // Calls `done` when everything up to now is durable, or the write of it failed.
  void Flush(storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  // Writes what is not written yet; nothing is written any more afterwards. Blocks until that is done, or until
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
  // Whether there is room for one more of `owner`, which has a place in the store unless it `is_new`; what had to go
  // for it is in `removed`.
  bool MakeRoom(const std::string& owner, bool is_new, std::vector<std::string>& removed)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Erase(Entries::iterator entry) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void RemoveExpired() ABSL_LOCKS_EXCLUDED(mu_);
  void TellRemoved(const std::vector<std::string>& keys) const;

  // Writing: one write is under way at most.
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
  absl::flat_hash_map<std::string, size_t> owners_ ABSL_GUARDED_BY(mu_);             // How many each has; none has 0.
  absl::btree_set<std::string> dirty_ ABSL_GUARDED_BY(mu_);                          // To be written or deleted.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool write_armed_ ABSL_GUARDED_BY(mu_) = false;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
  std::vector<storage::StatusCallback> waiting_ ABSL_GUARDED_BY(mu_);  // For what is dirty now, and being written.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_SESSIONS_SESSION_STORE_H_
