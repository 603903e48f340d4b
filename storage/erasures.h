// Erasures: removing single events, or all with a certain id or attribute, from the log, for privacy requests.
//
// An erased event leaves a *stub* in its place: an event of type kErasedEventType (proto/erased_event.h) with the same
// cursor and appended_at and nothing else, so the log has no hole. An erasure covers the events that were stored when
// it was accepted, and no later ones. It is a job: accepted durably, carried out in the background, resumed after a
// restart.
//
//     queued --> erasing --> purging --> done
//        \-> canceled
//
// Guarantees: once Start has answered, no read that begins later returns a covered event, however long the job takes (a
// dry run hides nothing). Once the job is done, no file of the store has any byte of these events. The ids and values
// to look for are kept only as hashes, and not at all once the job has ended: a value that identifies a person must not
// survive in the order to forget them.
// Thread safety: all methods may be called from any thread. Blocking: none. Callbacks as in storage/event_log.h.
#ifndef PLAYHEAD_STORAGE_ERASURES_H_
#define PLAYHEAD_STORAGE_ERASURES_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "proto/erased_event.h"
#include "storage/callback.h"
#include "storage/cursor.h"
#include "storage/types.h"

namespace playhead::storage {

inline constexpr size_t kErasureInstancesMax = 64;
inline constexpr size_t kErasureCursorsMax = 1000;
inline constexpr size_t kErasureIdsMax = 1000;
// The most erasures that have not ended: each costs every read of what it covers an extra check.
inline constexpr size_t kErasuresActiveMax = 64;
// Ended erasures are listed for this long, and at most this many.
inline constexpr absl::Duration kErasureListedFor = absl::Hours(7 * 24);
inline constexpr size_t kErasuresEndedMax = 1000;

struct ErasureRequest {
  // Names, and prefixes that end in `*`. A prefix covers the broker's own instances only if it begins with their
  // prefix.
  std::vector<std::string> instances;
  // What to erase: exactly one of these. Cursors are of one named instance.
  std::vector<Cursor> cursors;
  std::vector<std::string> ids;
  std::optional<std::pair<std::string, std::string>> attribute;  // Key and value.
  bool dry_run = false;                                          // Only counts; changes nothing.
};

enum class ErasureState : uint8_t {
  kQueued = 0,    // The events are hidden from reads, but not erased yet.
  kErasing = 1,   // Blocks are being rewritten.
  kPurging = 2,   // The events are out of the log; files and write-ahead logs that may contain them are being
                  // rewritten.
  kDone = 3,      // The events are out of every file.
  kCanceled = 4,  // Nothing was erased.
};

inline bool HasEnded(ErasureState state) { return state == ErasureState::kDone || state == ErasureState::kCanceled; }

struct ErasureProgress {
  uint64_t instances = 0;  // Instances scanned.
  uint64_t scanned_events = 0;
  uint64_t scanned_bytes = 0;
  uint64_t erased_events = 0;  // Or, in a dry run, those that would be.
  uint64_t erased_bytes = 0;
  // Blocks that could not be read, so nothing in them could be erased; readers get DATA_LOSS there.
  uint64_t damaged_blocks = 0;
};

// The public description of an erasure: of what it looks for, only the attribute's key.
struct ErasureInfo {
  uint64_t id = 0;
  std::vector<std::string> instances;
  uint32_t cursor_count = 0;
  uint32_t id_count = 0;
  std::string attribute_key;
  bool dry_run = false;
  ErasureState state = ErasureState::kQueued;
  Timestamp requested_at;
  Timestamp ended_at;  // 0 until then.
  ErasureProgress progress;
};

class Erasures {
 public:
  virtual ~Erasures() = default;

  // Accepts an erasure; calls `done` when it is durable and the covered events are hidden.
  //   InvalidArgument    ERASURE_INVALID: not exactly one thing to look for, or beyond the limits above.
  //   NotFound           INSTANCE_NOT_FOUND, if it names one instance and there is none.
  //   ResourceExhausted  ERASURES_LIMIT: kErasuresActiveMax have not ended.
  //   Unavailable, Unknown  as RecordStore::Write.
  virtual void Start(ErasureRequest request, Callback<ErasureInfo> done) = 0;

  // Ends an erasure that has not begun to erase; the events it hid become readable again.
  //   NotFound            ERASURE_NOT_FOUND.
  //   FailedPrecondition  ERASURE_BEGUN: too late, or it has ended.
  virtual void Cancel(uint64_t id, Callback<ErasureInfo> done) = 0;

  // Both answer from memory. Get: NotFound (ERASURE_NOT_FOUND). List: erasures after `after_id`, by id. Both:
  // Unavailable (STORE_UNAVAILABLE) while the store is being reopened.
  virtual absl::StatusOr<ErasureInfo> Get(uint64_t id) const = 0;
  virtual absl::StatusOr<std::vector<ErasureInfo>> List(uint64_t after_id, size_t limit) const = 0;
};

// Whether `pattern`, a name or a prefix that ends in `*`, covers the instance named `name`.
bool InstanceMatches(absl::string_view pattern, absl::string_view name);

// InvalidArgument (ERASURE_INVALID), as Erasures::Start says.
absl::Status CheckErasureRequest(const ErasureRequest& request);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ERASURES_H_
