// SecretStore: the app secrets of webhooks, sealed on disk and open in memory.
//
// A secret belongs to one instance, or to all instances without one of their own. When a new one is set, the previous
// one stays valid for a time, so that bodies already on their way still verify. The key that seals the secrets is in a
// file of its own, outside the data directory, and is created when the first secret is set.
//
// If the stored secrets cannot be unsealed (the file is missing, is another one, or is readable by others), webhooks
// are not served, and nothing else is affected; ready() returns the reason. To recover, delete the secrets that cannot
// be unsealed, or restore the file and restart.
#ifndef PLAYHEAD_BROKER_WEBHOOK_SECRET_STORE_H_
#define PLAYHEAD_BROKER_WEBHOOK_SECRET_STORE_H_

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/container/btree_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "broker/auth/clock.h"
#include "broker/change_queue.h"
#include "broker/webhook/seal.h"
#include "broker/webhook/secret_table.h"
#include "playhead/store/v1/webhook_secret.pb.h"
#include "storage/executor.h"
#include "storage/record_store.h"

namespace playhead::broker::webhook {

inline constexpr size_t kSecretsMax = 10'000;
inline constexpr size_t kSecretChangesWaitingMax = 100;  // Including the change in progress.
inline constexpr size_t kAppSecretBytesMax = 256;
inline constexpr absl::Duration kKeepPreviousDefault = absl::Hours(24);
inline constexpr absl::Duration kKeepPreviousMax = absl::Hours(24 * 30);

// Whose secret it is, and since when; never the secret itself.
struct SecretInfo {
  std::string name;  // Of an instance, or kAllInstances.
  absl::Time set_at;
  absl::Time previous_until;  // In the past if no previous secret is kept.
};

// Thread safety: all methods may be called from any thread.   Blocking: none but Open; files are read and written on
// the executor.   Ownership: borrows both; changes that were called for end before the log and then the executor do,
// and this object must outlive them.
class SecretStore {
 public:
  // Loads the stored secrets; blocks until then. Fails only if the records cannot be read; if they cannot be unsealed,
  // ready() reports it.
  static absl::StatusOr<std::unique_ptr<SecretStore>> Open(
      storage::RecordStore& records, storage::Executor& executor, std::string seal_key_file,
      Clock clock = [] { return absl::Now(); });

  // The secrets that are valid now. Takes one lock that is never held long.
  std::shared_ptr<const SecretTable> table() const ABSL_LOCKS_EXCLUDED(mu_);

  // OK, or FailedPrecondition (WEBHOOK_SECRETS_SEALED) with the problem of the file.
  absl::Status ready() const ABSL_LOCKS_EXCLUDED(mu_);

  // All stored secrets, by name, whether or not they can be unsealed.
  std::vector<SecretInfo> List() const ABSL_LOCKS_EXCLUDED(mu_);

  // Sets the secret of `name`, an instance or kAllInstances. The previous one stays valid for `keep_previous` longer;
  // setting the same secret again can only shorten that. `done` runs once the change is durable, on a thread that must
  // not block.
  //   InvalidArgument     WEBHOOK_SECRET_INVALID: 1 to kAppSecretBytesMax visible characters are allowed, and times up
  //                       to kKeepPreviousMax; INSTANCE_NAME_INVALID.
  //   FailedPrecondition  WEBHOOK_SECRETS_SEALED.
  //   ResourceExhausted   KEYS_LIMIT: there are kSecretsMax. APPEND_QUEUE_FULL: kSecretChangesWaitingMax wait.
  //   and as RecordStore::Write.
  void Set(std::string name, std::string secret, absl::Duration keep_previous, storage::StatusCallback done);

  // Deletes the secret of `name`, together with the previous one.
  //   FailedPrecondition  WEBHOOK_SECRET_MISSING: there is none.
  //   ResourceExhausted   APPEND_QUEUE_FULL: kSecretChangesWaitingMax wait.
  //   and as RecordStore::Write.
  void Delete(std::string name, storage::StatusCallback done);

 private:
  struct Change {
    std::string name;
    std::optional<std::string> secret;  // nullopt deletes.
    absl::Duration keep_previous;
  };

  using Rows = absl::btree_map<std::string, store::v1::WebhookSecretRecord>;

  SecretStore(storage::RecordStore& records, storage::Executor& executor, std::string seal_key_file, Clock clock)
      : records_(records), executor_(executor), seal_key_file_(std::move(seal_key_file)), clock_(std::move(clock)) {}

  absl::Status Load();
  // Changes run one at a time, in the order of the calls.
  void Submit(Change change, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  // On the executor.
  void Run(Change change, storage::StatusCallback done) ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::optional<store::v1::WebhookSecretRecord>> Prepare(const Change& change);
  // Whether `secret` is the one in `row`. REQUIRES: ReadySeal returned OK.
  bool Repeats(const store::v1::WebhookSecretRecord& row, absl::string_view secret, absl::string_view label) const;
  absl::Status ReadySeal();
  // Notes the row that is stored for `name` now, if any. On the executor.
  void Apply(const std::string& name, std::optional<store::v1::WebhookSecretRecord> row) ABSL_LOCKS_EXCLUDED(mu_);
  // Unseals all rows, and makes the result the valid secrets.
  void Publish() ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<SecretTable> OpenRows();

  storage::RecordStore& records_;
  storage::Executor& executor_;
  const std::string seal_key_file_;
  const Clock clock_;

  // Used by the running change only, and by Load before any change.
  std::optional<Seal> seal_;
  Rows rows_;  // The rows as they are on disk.

  mutable absl::Mutex mu_;  // Guards the members below it.
  std::vector<SecretInfo> infos_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<const SecretTable> table_ ABSL_GUARDED_BY(mu_) = std::make_shared<SecretTable>();
  absl::Status ready_ ABSL_GUARDED_BY(mu_);

  ChangeQueue changes_{kSecretChangesWaitingMax - 1, "webhook secrets"};  // Last: its changes use the members above.
};

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_SECRET_STORE_H_
