// EventLog: the broker's interface to storage. Narrow and asynchronous, so that a log on a replicated engine can
// replace the one on RocksDB (storage/engine/rocksdb_event_log.h).
//
// Guarantees: an event is readable only after it is as durable as its acknowledgement says; cursors of one instance
// have no holes; appends of one session are stored in the order in which they were submitted.
// Thread safety: all methods of all classes here may be called from any thread.
// Blocking: none. Callbacks run on the log's own threads, never inside the call. Those of appends and other writes run
// on a committing thread (docs/decisions/0002), which waits for them: no callback may block on disk or on a network.
// Ownership: when the EventLog's destructor returns, the callbacks of all accepted calls have run; sessions and
// instances may outlive it, but must not be used any more.
#ifndef PLAYHEAD_STORAGE_EVENT_LOG_H_
#define PLAYHEAD_STORAGE_EVENT_LOG_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/span.h"
#include "storage/block.h"
#include "storage/callback.h"
#include "storage/cursor.h"
#include "storage/erasures.h"
#include "storage/event_filter.h"
#include "storage/limits.h"
#include "storage/record_store.h"
#include "storage/stats.h"
#include "storage/store_jobs.h"
#include "storage/store_position.h"
#include "storage/type_life.h"
#include "storage/types.h"

namespace playhead::storage {

class ManyReader;

// The readable range of a log at one moment.
struct LogBounds {
  Cursor first;  // The oldest kept event; after `head` if everything was trimmed; Cursor() if there never was one.
  Cursor head;   // The newest event ever; Cursor() if there never was one.
  EpochHistory epochs;
  Timestamp last_appended_at;
  uint64_t appended_bytes = 0;  // Encoded bytes of all events ever appended.

  // How many events are kept.
  uint64_t event_count() const { return head == Cursor() ? 0 : head.sequence() + 1 - first.sequence(); }

  // Whether reading may start after `after`:
  //   OutOfRange (CURSOR_DIVERGED)  the cursor is not of this log; carries the last good cursor and the head.
  //   OutOfRange (CURSOR_TRIMMED)   events after it are gone; carries the first and the head cursor.
  absl::Status CheckStart(Cursor after) const;

  // The position right before the first kept event: where `beginning` starts.
  Cursor BeforeFirst() const { return first == Cursor() ? Cursor() : epochs.Previous(first); }
};

// An open log. Holding one keeps its bounds in memory (a few hundred bytes), and costs nothing else.
class Instance {
 public:
  virtual ~Instance() = default;
  virtual const std::string& name() const = 0;
  virtual InstanceNumber number() const = 0;
  virtual LogBounds bounds() const = 0;
  // Just the head: cheaper than bounds().
  virtual Cursor head() const = 0;
  // Once true it stays true, and every read fails with INSTANCE_DELETED. The name may belong to another instance by
  // then.
  virtual bool deleted() const = 0;
};

// A row of the catalogue.
struct InstanceInfo {
  std::string name;
  InstanceNumber number;
  Timestamp created_at;
  // DataLoss, Unavailable: the log's last block, which says where the log ends, cannot be read. Then it is unknown how
  // much there is to read, or whether there is anything.
  absl::StatusOr<LogBounds> bounds;
};

// One event of an append, as offsets into AppendBatch::bytes: the encoded playhead.v1.Event without tag and length,
// which a validator has accepted (storage/append_validator.h).
struct EventSpan {
  uint32_t offset;
  uint32_t size;
  uint32_t type_offset;
  uint32_t id_offset;
  uint32_t dialect_offset;
  uint16_t id_size;
  uint8_t type_size;
  uint8_t dialect_size;
};

struct ProducerSequence {
  std::string producer_id;
  uint64_t sequence;  // Of the first event; event i has sequence + i.
};

// A batch for one instance.
struct AppendBatch {
  std::string instance;
  std::shared_ptr<const void> owner;  // Keeps `bytes` alive until the append is done.
  absl::string_view bytes;
  std::vector<EventSpan> events;
  std::optional<Cursor> expected_cursor;
  std::optional<ProducerSequence> producer;
  // How long the ids of this batch are remembered after they are stored: 1 ms to kDedupWindowMax. Unset: as long as the
  // store's current setting says. While there are more ids than the store allows, they are forgotten sooner.
  std::optional<absl::Duration> dedup_window;
  // If not OK, nothing new may be stored: a batch with a new event is refused with this error. A batch that only
  // repeats stored events still succeeds.
  absl::Status refuse_new;
  // Append even while the disk is nearly full: for the small events of the audit log, without which no key could be
  // revoked, and nothing deleted.
  bool despite_low_disk = false;

  absl::string_view event(const EventSpan& span) const { return bytes.substr(span.offset, span.size); }
  absl::string_view type(const EventSpan& span) const { return bytes.substr(span.type_offset, span.type_size); }
  absl::string_view id(const EventSpan& span) const { return bytes.substr(span.id_offset, span.id_size); }
  absl::string_view dialect(const EventSpan& span) const {
    return bytes.substr(span.dialect_offset, span.dialect_size);
  }
};

struct AppendResult {
  Cursor first_new;                   // Of the first event that is not a duplicate; Cursor() if all are duplicates.
  uint32_t event_count = 0;           // Of the whole batch.
  std::vector<Cursor> duplicates_at;  // Empty if there are none; else one entry per event, Cursor() for a new one.
  Cursor head;                        // Right after this append.

  bool is_duplicate(uint32_t i) const { return !duplicates_at.empty() && duplicates_at[i] != Cursor(); }
};

// Appends in order, for one stream or one unary call. Each stream needs a new session.
class AppendSession {
 public:
  virtual ~AppendSession() = default;

  // Queues a batch and calls `done` once. The `done` callbacks of one session run one at a time, in the order of the
  // calls. After a refusal every later batch of the session is refused with PREVIOUS_FAILED.
  //   InvalidArgument     empty batch, bad name or bad producer. Nothing written.
  //   FailedPrecondition  CURSOR_MISMATCH, SEQUENCE_GAP or PARTIAL_DUPLICATE; the status carries the head or the next
  //                       sequence. Nothing written.
  //   AlreadyExists       ID_CONFLICT: an identity was used before with other content. Nothing written.
  //   NotFound            the instance does not exist and creation is restricted.
  //   ResourceExhausted   APPEND_QUEUE_FULL, DISK_LOW, INSTANCES_LIMIT. Nothing written; the first two may be retried.
  //   Unavailable         the store is reopening or closing. Nothing written; safe to retry.
  //   Unknown             APPEND_UNCERTAIN: the sync failed, and the batch may be stored. Retry with the same
  //                       identities.
  //   Others              AppendBatch::refuse_new. Nothing written.
  virtual void Append(AppendBatch batch, Callback<AppendResult> done) = 0;
};

struct ReadOptions {
  Cursor after;                 // Exclusive. For a reverse read, where it ends.
  std::optional<Cursor> until;  // Inclusive; unset is the head. For a reverse read, where it starts.
  bool reverse = false;         // Newest first.
  uint32_t events_max = kFetchEventsDefault;
  size_t bytes_max = kFetchBytesMax;  // At least one event is returned, however large.
  // A read with a filter stops once it has scanned about this many bytes of blocks. It then returns what it has found
  // so far, which may be nothing, and `next` after the scanned events. So no read hogs a reading thread or pins many
  // blocks.
  size_t scan_bytes_max = kReadScanBytesMax;
  std::shared_ptr<const EventFilter> filter;  // nullptr matches everything that is not hidden.
};

struct ReadResult {
  std::vector<BlockSlice> slices;  // In the order of the read.
  size_t bytes = 0;
  uint32_t event_count = 0;
  size_t scanned_bytes = 0;  // Of the blocks that were looked at, whether taken or filtered out.
  uint32_t scanned_blocks = 0;
  // Everything up to here was returned or filtered out (in a reverse read: everything after here). Forwards, this is
  // the next `after`; in reverse, the next `until`.
  Cursor next;
  bool end_reached = false;  // The range has no more events.
};

// The options of one read over many instances.
struct ManyReadOptions {
  StorePosition after;  // Exclusive.
  // Selects the instances, and keeps state between calls (storage/many_reader.h). One call at a time with the same
  // reader.
  std::shared_ptr<ManyReader> reader;
  uint32_t events_max = kFetchEventsDefault;
  size_t bytes_max = kFetchBytesMax;          // As in ReadOptions.
  size_t scan_bytes_max = kReadScanBytesMax;  // A read stops once it has scanned this much, with or without a filter.
  std::shared_ptr<const EventFilter> filter;  // nullptr matches everything that is not hidden.
};

// Events that existed and can no longer be read: those in (after, last].
struct TrimmedRange {
  Cursor after;
  Cursor last;
  uint64_t event_count = 0;
};

// The next events, or the next gap, of one instance.
struct InstanceEvents {
  // nullptr: commits after `position`, all of whose events are gone, are no longer listed, so it is unknown whether
  // some of them were of instances that the reader wants.
  std::shared_ptr<Instance> instance;
  std::optional<TrimmedRange> trimmed;  // Then there are no events in this part.
  std::vector<BlockSlice> slices;
  size_t bytes = 0;
  uint32_t event_count = 0;
  Cursor last;             // Everything of the instance up to here was returned or filtered out.
  StorePosition position;  // The same for all instances.
};

struct ManyReadResult {
  std::vector<InstanceEvents> parts;  // In the order of the store.
  size_t bytes = 0;
  uint32_t event_count = 0;
  size_t scanned_bytes = 0;  // Of the blocks that were looked at, whether taken or filtered out.
  uint32_t scanned_blocks = 0;
  StorePosition next;        // The next `after`.
  bool end_reached = false;  // No more was committed when the read began.
};

// A block that has just become readable.
struct PublishedBlock {
  std::shared_ptr<Instance> instance;
  std::shared_ptr<const Block> block;
  CommitPosition previous_commit;  // The last commit before this block's that stored events.
};

// Is notified of changes, in commit order and within a commit by instance number, on one thread at a time. Must be
// quick: the replies to appenders wait for it.
class CommitListener {
 public:
  virtual ~CommitListener() = default;
  // An empty span means that logs were reloaded, and may hold more than was announced.
  virtual void OnCommit(absl::Span<const PublishedBlock> blocks) = 0;
  virtual void OnDelete(const std::shared_ptr<Instance>& instance) = 0;
  // An erasure now hides events that were announced earlier, of this instance or (if the number is 0) of any instance:
  // their blocks must be read again.
  virtual void OnErase(InstanceNumber instance) = 0;
};

enum class OpenMode {
  kExisting,           // NotFound (INSTANCE_NOT_FOUND) if there is none.
  kCreateIfPermitted,  // Creates an empty log, unless creation is restricted or the bound is reached.
};

class EventLog {
 public:
  virtual ~EventLog() = default;

  virtual std::unique_ptr<AppendSession> NewAppendSession() = 0;

  // InvalidArgument for an invalid name; ResourceExhausted (INSTANCES_LIMIT); and the errors named at OpenMode.
  virtual void OpenInstance(absl::string_view name, OpenMode mode, Callback<std::shared_ptr<Instance>> done) = 0;

  // Reads one bounded slice of a log. `done` runs on a reading thread.
  //   OutOfRange  as LogBounds::CheckStart for `after` (forwards) or `until` (in reverse).
  //   DataLoss    the first block of the range is damaged or missing. A read that reaches such a block later ends
  //               before it.
  //   NotFound    INSTANCE_DELETED.
  virtual void Read(std::shared_ptr<Instance> instance, ReadOptions options, Callback<ReadResult> done) = 0;

  // The position right before the first event with appended_at >= `time`; the head if there is none.
  virtual void FindTime(std::shared_ptr<Instance> instance, Timestamp time, Callback<Cursor> done) = 0;

  // The first cursor to keep so that at most `kept_bytes_max` encoded bytes of events remain; the one after the head if
  // not even the newest event fits. Never before the first kept event.
  virtual void FindBytes(std::shared_ptr<Instance> instance, uint64_t kept_bytes_max, Callback<Cursor> done) = 0;

  // Encoded bytes of the kept events after `after`; with Cursor(), of all kept events.
  virtual void BytesBehind(std::shared_ptr<Instance> instance, Cursor after, Callback<uint64_t> done) = 0;
  void KeptBytes(std::shared_ptr<Instance> instance, Callback<uint64_t> done) {
    BytesBehind(std::move(instance), Cursor(), std::move(done));
  }

  // The last cursor of the instance that was stored at or before `commit`; never before LogBounds::BeforeFirst(), since
  // nothing is known of trimmed events. Errors as for Read.
  virtual void FindCommit(std::shared_ptr<Instance> instance, CommitPosition commit, Callback<Cursor> done) = 0;

  // Reads one bounded slice of many logs in the order of the store. Trimmed events are reported once per instance;
  // deleted instances are passed over. `done` runs on a reading thread.
  //   OutOfRange  CURSOR_DIVERGED: `after` is beyond the end of the store's history, or of its epoch.
  //   DataLoss    as for Read, for any instance that the reader wants; reported after all events before the damage.
  virtual void ReadMany(ManyReadOptions options, Callback<ManyReadResult> done) = 0;

  // Whether the store's history contains `position`, or contained it before it was trimmed. OutOfRange as for ReadMany.
  virtual void CheckStorePosition(StorePosition position, StatusCallback done) = 0;

  // The position after the last published commit; everything up to it can be read.
  virtual StorePosition head_position() const = 0;

  // The position right before the first kept event with appended_at >= `time`; the head position if there is none. If
  // the machine's clock was set back between two runs, events from before that may be found too early or too late.
  virtual void FindTimeInStore(Timestamp time, Callback<StorePosition> done) = 0;

  // Identifies this store; its copies have the same id.
  virtual uint64_t store_id() const = 0;

  // Removes exactly the events before `first_kept`; the head stays, even if nothing is left. A `first_kept` that is
  // already trimmed is not an error and does nothing. OutOfRange if `first_kept` is more than one after the head.
  virtual void Trim(std::shared_ptr<Instance> instance, Cursor first_kept, StatusCallback done) = 0;

  // Up to `limit` rows whose names start with `prefix` and sort after `after_name`, by name; also those whose bounds
  // cannot be read.
  virtual void ListInstances(std::string prefix, std::string after_name, size_t limit,
                             Callback<std::vector<InstanceInfo>> done) = 0;

  // If the bounds cannot be read, the call fails with that error; otherwise InstanceInfo::bounds is OK.
  virtual void GetInstance(std::string name, Callback<InstanceInfo> done) = 0;

  // Reads and appends are refused once `done` runs; the bytes leave the disk in the background. NotFound
  // (INSTANCE_NOT_FOUND) also if the name belongs to another instance by now: then nothing is deleted.
  virtual void DeleteInstance(std::string name, InstanceNumber number, StatusCallback done) = 0;

  // Adds a point to a backup, while everything else goes on. It contains everything that was acknowledged before the
  // call. One backup at a time. `progress` and `done` run on the job's threads; a refusal before the job begins
  // (JOB_RUNNING, or SHUTTING_DOWN) calls `done` inside the call.
  //   ResourceExhausted  JOB_RUNNING: try again later; DISK_LOW. Nothing is changed.
  //   Unavailable        SHUTTING_DOWN; STORE_UNAVAILABLE, also if the store is reopened meanwhile.
  //   Others             as MakeBackup (storage/backup/backup_archive.h).
  virtual void Backup(BackupOptions options, std::shared_ptr<JobControl> control,
                      std::function<void(const BackupProgress&)> progress, Callback<BackupReport> done) = 0;

  // Writes data that is on disk only in the write-ahead log to table files, so that the next start has little to
  // replay. It has no other effect. Everything else goes on meanwhile.
  //   Unavailable  as Backup; what the disk says.
  virtual void Flush(StatusCallback done) = 0;

  // At most one, set before the first append; must outlive the log.
  virtual void SetCommitListener(CommitListener* listener) = 0;

  virtual Durability durability() const = 0;

  // Whether the log accepts appends now. Cheap; not a promise.
  //   Unavailable        STORE_UNAVAILABLE: it is reopening after a failed write, or closing.
  //   ResourceExhausted  DISK_LOW.
  virtual absl::Status CheckTakesAppends() const = 0;

  // Counters and state of the log. Cheap.
  virtual LogStats stats() const = 0;

  // How long events of some types live. Set at any time; kept in memory only.
  virtual TypeLifeTable& type_lives() = 0;

  // Small durable state beside the log. Valid as long as this log.
  virtual RecordStore& records() = 0;

  // Erases events from the log. Valid as long as this log.
  virtual Erasures& erasures() = 0;
};

// InvalidArgument (INSTANCE_NAME_INVALID) unless `name` is 1 to 200 bytes of [A-Za-z0-9._:@+-].
absl::Status CheckInstanceName(absl::string_view name);

// Checks what every append must satisfy, whatever its protocol: a valid name, at least one event, a valid producer, a
// window within its bounds.
//   InvalidArgument  INSTANCE_NAME_INVALID, BATCH_EMPTY, PRODUCER_INVALID, MALFORMED_REQUEST.
absl::Status CheckAppendBatch(const AppendBatch& batch);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_EVENT_LOG_H_
