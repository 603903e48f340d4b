// RecordStore: small durable state that the broker keeps beside the log: keys, secrets, settings, positions.
//
// Rows are sorted by key within a space; storage interprets neither keys nor values.
// Guarantees: a Write is applied as a whole or not at all; when `done` reports OK, it is as durable as an append;
// Writes take effect in the order of the calls. A Scan sees every Write that was answered before the Scan was called.
// Thread safety: all methods may be called from any thread.
// Blocking: none. Callbacks as in storage/event_log.h: on the log's own threads, where they must not block on disk.
// Only for small rows: a Write goes through the same commits as appends. It is accepted even when the disk is too full
// for appends, so that a key can be revoked and a position saved.
#ifndef PLAYHEAD_STORAGE_RECORD_STORE_H_
#define PLAYHEAD_STORAGE_RECORD_STORE_H_

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "storage/callback.h"

namespace playhead::storage {

// A key has 1 to 512 bytes, a value up to 64 KiB.
inline constexpr size_t kRecordKeyBytesMax = 512;
inline constexpr size_t kRecordValueBytesMax = size_t{64} << 10;
// One Write has up to 1,000 changes with 8 MiB of keys and values: the largest state of a consumer fits
// (broker/consumers/consumer_rows.h).
inline constexpr size_t kRecordChangesMax = 1000;
inline constexpr size_t kRecordChangesBytesMax = size_t{8} << 20;
// One Scan returns up to 1,000 rows, and stops once they have 1 MiB.
inline constexpr size_t kRecordScanMax = 1000;
inline constexpr size_t kRecordScanBytesMax = size_t{1} << 20;

enum class RecordSpace {
  kConsumers,  // Positions of readers.
  kKeys,       // Secrets and settings; a row's key begins with its kind: "key/", "webhook/", ...
};

struct Record {
  std::string key;
  std::string value;
};

struct RecordChange {
  RecordSpace space;
  std::string key;
  std::optional<std::string> value;  // nullopt deletes the row; it is not an error if there is none.
  // Everything that this write and earlier ones changed or deleted in any row leaves the disk for good within about
  // 20 s (storage/housekeeping/maintenance.cc). This is costly: the files of all rows are rewritten. Without it, old
  // data leaves the disk when its file is next compacted.
  bool purge = false;
};

class RecordStore {
 public:
  virtual ~RecordStore() = default;

  // Applies all changes, in order, in one commit, and calls `done` once they are durable.
  //   InvalidArgument    MALFORMED_REQUEST: nothing to change, or beyond the limits above. Nothing written.
  //   ResourceExhausted  APPEND_QUEUE_FULL. Nothing written; may be retried.
  //   Unavailable        the store is reopening or closing. Nothing written; safe to retry.
  //   Unknown            APPEND_UNCERTAIN: the sync failed: either all changes are stored or none is.
  virtual void Write(std::vector<RecordChange> changes, StatusCallback done) = 0;

  // Rows whose keys start with `prefix` and sort after `after_key`, by key: up to `limit`, or fewer (kRecordScanMax,
  // kRecordScanBytesMax). Only an empty answer means that no more follow; otherwise, continue after the last key.
  //   Unavailable        as above.
  virtual void Scan(RecordSpace space, std::string prefix, std::string after_key, size_t limit,
                    Callback<std::vector<Record>> done) = 0;
};

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_RECORD_STORE_H_
