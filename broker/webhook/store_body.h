// Stores the events of a body, in as many appends as needed, and answers once all of them are durable.
#ifndef PLAYHEAD_BROKER_WEBHOOK_STORE_BODY_H_
#define PLAYHEAD_BROKER_WEBHOOK_STORE_BODY_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "broker/core.h"
#include "broker/webhook/body.h"
#include "storage/callback.h"

namespace playhead::broker::webhook {

// Meta repeats a webhook for up to seven days.
inline constexpr absl::Duration kDedupWindow = absl::Hours(24 * 8);

struct StorableBody {
  // On the heap, so that its address is stable: a short string moves with its object.
  std::unique_ptr<const std::string> bytes;
  std::vector<BodyEvent> events;  // At least one; they point into `*bytes`.
  // Attributes of every event. Literals, or within `*bytes`.
  std::vector<std::pair<absl::string_view, absl::string_view>> attributes;
};

// Appends the events, one instance after the other and in order within an instance, each id once within kDedupWindow.
// An event whose id is already stored with other content is stored under ConflictId, so that no body is refused for it.
// `done` runs on a thread of the log or of the executor that must not block, with the number of events that were new.
// After an error some of the events may be stored; storing the same body again stores the rest.
//   ResourceExhausted   APPEND_QUEUE_FULL, DISK_LOW, INSTANCES_LIMIT, QUOTA_EXCEEDED.
//   NotFound            an instance does not exist and creation is restricted.
//   Unavailable, Unknown  as AppendSession::Append.
void StoreBody(const Core& core, StorableBody body, storage::Callback<size_t> done);

}  // namespace playhead::broker::webhook

#endif  // PLAYHEAD_BROKER_WEBHOOK_STORE_BODY_H_
