// SecretStore: the app secrets of webhooks, sealed on disk and open in memory.
//
// A secret is of one instance, or of all that have none of their own. Setting another keeps the one before valid for a
// time, so that bodies that are under way still verify. The key that seals them lies in a file of its own, outside the
// data directory, and is made when the first secret is set.
//
// When the stored secrets cannot be opened (the file is gone, is another one, or may be read by others), webhooks are
// not served and nothing else suffers: ready() says why. Deleting what cannot be opened, or putting the file back and
// starting again, ends it.
#ifndef PLAYHEAD_BROKER_WEBHOOK_SECRET_STORE_H_
#define PLAYHEAD_BROKER_WEBHOOK_SECRET_STORE_H_

#include <deque>
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
#include "broker/webhook/seal.h"
#include "broker/webhook/secret_table.h"
#include "playhead/store/v1/webhook_secret.pb.h"
#include "storage/executor.h"
#include "storage/record_store.h"

namespace playhead::broker::webhook {

inline constexpr size_t kSecretsMax = 10'000;
inline constexpr size_t kSecretChangesWaitingMax = 100;
inline constexpr size_t kAppSecretBytesMax = 256;
inline constexpr absl::Duration kKeepPreviousDefault = absl::Hours(24);
inline constexpr absl::Duration kKeepPreviousMax = absl::Hours(24 * 30);

// Whose secret it is and since when; never the secret.
struct SecretInfo {
  std::string name;  // Of an instance, or kAllInstances.
  absl::Time set_at;
  absl::Time previous_until;  // In the past if no previous one is kept.
};

// Thread safety: all methods may be called from any thread.   Blocking: none but Open; files are read and written on
// the executor.   Ownership: borrows both; changes that were called for end before the log and then the executor do,
// and this object must outlive them.
class SecretStore {
 public:
  // Reads what is stored; blocks until then. An error only if the records cannot be read; a seal that does not open
  // them is told by ready().
  static absl::StatusOr<std::unique_ptr<SecretStore>> Open(
      storage::RecordStore& records, storage::Executor& executor, std::string seal_key_file,
      Clock clock = [] { return absl::Now(); });

  // What verifies now. One lock that is never held long.
  std::shared_ptr<const SecretTable> table() const ABSL_LOCKS_EXCLUDED(mu_);

  // Ok, or FailedPrecondition (WEBHOOK_SECRETS_SEALED) with what is wrong with the file.
  absl::Status ready() const ABSL_LOCKS_EXCLUDED(mu_);

  // All that are stored, by name, whether or not they can be opened.
  std::vector<SecretInfo> List() const ABSL_LOCKS_EXCLUDED(mu_);

  // Sets the secret of `name`, an instance or kAllInstances. The one before holds for `keep_previous` longer; saying
  // the same one again can only shorten that. `done` runs once it is durable, and on a thread that must not block.
  //   InvalidArgument     WEBHOOK_SECRET_INVALID: 1 to kAppSecretBytesMax visible characters are allowed, and times up
  //                       to kKeepPreviousMax; INSTANCE_NAME_INVALID.
  //   FailedPrecondition  WEBHOOK_SECRETS_SEALED.
  //   ResourceExhausted   KEYS_LIMIT: there are kSecretsMax. APPEND_QUEUE_FULL: kSecretChangesWaitingMax wait.
  //   and as RecordStore::Write.
  void Set(std::string name, std::string secret, absl::Duration keep_previous, storage::StatusCallback done);

  // Deletes the secret of `name`, and the one before with it.
  //   FailedPrecondition  WEBHOOK_SECRET_MISSING: there is none.
  //   ResourceExhausted   APPEND_QUEUE_FULL: kSecretChangesWaitingMax wait.
  //   and as RecordStore::Write.
  void Delete(std::string name, storage::StatusCallback done);

 private:
  // One change at a time, in the order of the calls.
  struct Change {
    std::string name;
    std::optional<std::string> secret;  // nullopt deletes.
    absl::Duration keep_previous;
    storage::StatusCallback done;
  };

  using Rows = absl::btree_map<std::string, store::v1::WebhookSecretRecord>;

  SecretStore(storage::RecordStore& records, storage::Executor& executor, std::string seal_key_file, Clock clock)
      : records_(records), executor_(executor), seal_key_file_(std::move(seal_key_file)), clock_(std::move(clock)) {}

  absl::Status Load();
  void Submit(Change change) ABSL_LOCKS_EXCLUDED(mu_);
  // On the executor, one at a time: the front of `changes_`.
  void RunNext() ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<std::optional<store::v1::WebhookSecretRecord>> Prepare(const Change& change);
  // Whether `secret` is the one that `row` has. REQUIRES: ReadySeal was Ok.
  bool Repeats(const store::v1::WebhookSecretRecord& row, absl::string_view secret, absl::string_view label) const;
  absl::Status ReadySeal();
  void Finish(std::optional<store::v1::WebhookSecretRecord> row, absl::Status status) ABSL_LOCKS_EXCLUDED(mu_);
  // Opens all rows, and makes the result what verifies.
  void Publish() ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<SecretTable> OpenRows();

  storage::RecordStore& records_;
  storage::Executor& executor_;
  const std::string seal_key_file_;
  const Clock clock_;

  // Of the change that runs, and of Load before any.
  std::optional<Seal> seal_;
  Rows rows_;  // As they are on disk.

  mutable absl::Mutex mu_;  // Guards the members below it.
  std::deque<Change> changes_ ABSL_GUARDED_BY(mu_);
  std::vector<SecretInfo> infos_ ABSL_GUARDED_BY(mu_);
  std::shared_ptr<const SecretTable> table_ ABSL_GUARDED_BY(mu_) = std::make_shared<SecretTable>();
  absl::Status ready_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_SECRET_STORE_H_
