// KeyStore: stores the keys on disk, and makes every change to them.
#ifndef PLAYHEAD_BROKER_AUTH_KEY_STORE_H_
#define PLAYHEAD_BROKER_AUTH_KEY_STORE_H_

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "broker/audit.h"
#include "broker/auth/authenticator.h"
#include "broker/change_queue.h"
#include "playhead/store/v1/key_record.pb.h"
#include "playhead/v1/keys.pb.h"
#include "storage/event_log.h"

namespace playhead::broker {

inline constexpr size_t kKeysMax = 10'000;
// At most this many changes wait for the one in progress; more are refused with APPEND_QUEUE_FULL.
inline constexpr size_t kKeyChangesWaitingMax = 100;

// Changes are made one at a time, each in this order: the record in the audit log, the row on disk, the authenticator,
// the answer. A change that fails part way changes nothing in memory and is safe to repeat.
//
// Thread safety: all methods but Load may be called from any thread.   Blocking: none but Load.
// Ownership: borrows what Load is given; must outlive `log`, whose callbacks end here.
class KeyStore {
 public:
  // Loads all stored keys into `auth`. Blocks while it reads them.
  //   DataLoss     a row is damaged: starting without it could undo a revocation, or make the broker run open.
  //   Unavailable  as RecordStore::Scan.
  static absl::StatusOr<std::unique_ptr<KeyStore>> Load(storage::EventLog& log, Authenticator& auth, Audit& audit);

  // Each calls `done` once, inside a call of one of these or on a thread of the log. `actor` is the key id of the
  // caller, whose permission was checked. Errors as proto/playhead/v1/keys.proto says, and as RecordStore::Write and
  // AppendSession::Append.
  void Create(std::string actor, v1::CreateKeyRequest request, storage::Callback<v1::CreateKeyResponse> done);
  void Revoke(std::string actor, v1::RevokeKeyRequest request, storage::Callback<v1::RevokeKeyResponse> done);
  void Rotate(std::string actor, v1::RotateKeyRequest request, storage::Callback<v1::RotateKeyResponse> done);

  // Up to `limit` keys after the id `after_id`, by id.
  std::vector<v1::Key> List(absl::string_view after_id, size_t limit) const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  // A change, decided from the current keys and then carried out.
  struct Change {
    AuditEntry audit;
    store::v1::KeyRecord record;
    std::optional<std::string> removed_id;  // The revoked key that it replaces.
  };
  using Decide = absl::AnyInvocable<absl::StatusOr<std::optional<Change>>()>;  // nullopt: nothing to change.

  KeyStore(storage::EventLog& log, Authenticator& auth, Audit& audit) : log_(log), auth_(auth), audit_(audit) {}

  // Runs `decide` when the changes before it are done, carries out its change, and calls `done`.
  void Enqueue(Decide decide, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  void CarryOut(Change change, storage::StatusCallback done);
  absl::Status Apply(const Change& change) ABSL_LOCKS_EXCLUDED(mu_);

  absl::StatusOr<std::optional<Change>> DecideCreate(const std::string& actor, const v1::CreateKeyRequest& request,
                                                     const std::string& id, const std::string& secret) const;
  absl::StatusOr<std::optional<Change>> DecideRevoke(const std::string& actor, const std::string& id) const;
  absl::StatusOr<std::optional<Change>> DecideRotate(const std::string& actor, const v1::RotateKeyRequest& request,
                                                     const std::string& secret) const;
  absl::StatusOr<store::v1::KeyRecord> Find(const std::string& id) const ABSL_LOCKS_EXCLUDED(mu_);
  v1::Key KeyOf(const std::string& id) const ABSL_LOCKS_EXCLUDED(mu_);

  storage::EventLog& log_;
  Authenticator& auth_;
  Audit& audit_;

  mutable absl::Mutex mu_;  // Guards the members below it.
  absl::btree_map<std::string, store::v1::KeyRecord> records_ ABSL_GUARDED_BY(mu_);

  ChangeQueue changes_{kKeyChangesWaitingMax, "keys"};  // Last: its changes use the members above.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_AUTH_KEY_STORE_H_
