// Erasures: taking single events, or all with a certain attribute, out of the log, as privacy asks for it.
//
// What is erased leaves a *stub* in its place: an event of type kErasedEventType (proto/erased_event.h) with the same
// cursor and appended_at and nothing else, so that the log keeps no hole. An erasure covers what was stored when it was
// taken; what is stored later is not touched. It is a job: taken durably, carried out in the background, resumed after
// a restart.
//
//     queued --> erasing --> purging --> done
//        \-> canceled
//
// Guarantees: once Start has answered, no read that begins later returns any of it, however long the job takes (but a
// dry run hides nothing). Once it is done, no file of the store has any of its bytes. What it looks for is kept as a
// hash only, and not at all once it has ended: a value by which somebody is known does not stay behind in the order to
// forget them. Thread safety: all methods may be called from any thread. Blocking: none. Callbacks as in
// storage/event_log.h.
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
// Erasures that have not ended: each costs every read of what it covers a look at it.
inline constexpr size_t kErasuresActiveMax = 64;
// Ended ones are listed for this long, and only so many.
inline constexpr absl::Duration kErasureListedFor = absl::Hours(7 * 24);
inline constexpr size_t kErasuresEndedMax = 1000;

struct ErasureRequest {
  // Names, and prefixes that end in `*`. A prefix covers the broker's own instances only if it begins as theirs do.
  std::vector<std::string> instances;
  // What to erase: exactly one of these. Cursors are of one named instance.
  std::vector<Cursor> cursors;
  std::vector<std::string> ids;
  std::optional<std::pair<std::string, std::string>> attribute;  // Key and value.
  bool dry_run = false;                                          // Counts, and changes nothing.
};

enum class ErasureState : uint8_t {
  kQueued = 0,    // Nothing is erased yet; hidden from reads.
  kErasing = 1,   // Blocks are being rewritten.
  kPurging = 2,   // Nothing of it is in the log any more; files and write-ahead logs that may hold it are rewritten.
  kDone = 3,      // Nothing of it is on disk.
  kCanceled = 4,  // Nothing was erased.
};

inline bool HasEnded(ErasureState state) { return state == ErasureState::kDone || state == ErasureState::kCanceled; }

struct ErasureProgress {
  uint64_t instances = 0;  // Gone through.
  uint64_t scanned_events = 0;
  uint64_t scanned_bytes = 0;
  uint64_t erased_events = 0;  // Or, in a dry run, those that would be.
  uint64_t erased_bytes = 0;
  // Could not be read, so that nothing of them could be erased; readers get DATA_LOSS there.
  uint64_t damaged_blocks = 0;
};

// What can be told of an erasure: nothing of what it looks for but the attribute's key.
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

  // Takes an erasure; `done` when it is durable and hides what it covers.
  //   InvalidArgument    ERASURE_INVALID: not exactly one thing to look for, or beyond the limits above.
  //   NotFound           INSTANCE_NOT_FOUND, if it names one instance and there is none.
  //   ResourceExhausted  ERASURES_LIMIT: kErasuresActiveMax have not ended.
  //   Unavailable, Unknown  as RecordStore::Write.
  virtual void Start(ErasureRequest request, Callback<ErasureInfo> done) = 0;

  // Ends an erasure that has not begun to erase; what it hid is seen again.
  //   NotFound            ERASURE_NOT_FOUND.
  //   FailedPrecondition  ERASURE_BEGUN: too late, or it has ended.
  virtual void Cancel(uint64_t id, Callback<ErasureInfo> done) = 0;

  // Of memory. Get: NotFound (ERASURE_NOT_FOUND). List: those behind `after_id`, by id. Both: Unavailable
  // (STORE_UNAVAILABLE) while the store is reopened.
  virtual absl::StatusOr<ErasureInfo> Get(uint64_t id) const = 0;
  virtual absl::StatusOr<std::vector<ErasureInfo>> List(uint64_t after_id, size_t limit) const = 0;
};

// Whether an erasure that says `pattern`, a name or a prefix that ends in `*`, covers the instance of this name.
bool InstanceMatches(absl::string_view pattern, absl::string_view name);

// InvalidArgument (ERASURE_INVALID), as Erasures::Start says.
absl::Status CheckErasureRequest(const ErasureRequest& request);

}  // namespace playhead::storage

#endif  // PLAYHEAD_STORAGE_ERASURES_H_
