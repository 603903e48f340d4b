// The cursors of two positions of the store in the logs of a consumer's source, so that the events between them are
// counted by subtraction.
#ifndef PLAYHEAD_BROKER_CONSUMERS_SOURCE_SPANS_H_
#define PLAYHEAD_BROKER_CONSUMERS_SOURCE_SPANS_H_

#include <cstddef>
#include <map>

#include "absl/status/status.h"
#include "broker/consumers/consumer_config.h"
#include "broker/consumers/feed_position.h"
#include "broker/core.h"
#include "storage/callback.h"
#include "storage/cursor.h"
#include "storage/event_log.h"
#include "storage/types.h"

namespace playhead::broker {

// The span in the log of one instance. Neither cursor is before `kept_after`, so trimmed events are not counted.
struct InstanceSpan {
  storage::Cursor kept_after;
  storage::Cursor from;
  storage::Cursor to;

  static InstanceSpan Of(const storage::LogBounds& bounds, storage::Cursor from, storage::Cursor to);
};

struct SourceSpans {
  std::map<storage::InstanceNumber, InstanceSpan> instances;
  bool complete = true;  // False if the source has more instances than were examined.
  // The error of the first unreadable instance, and the number of unreadable ones, which are not in `instances`.
  absl::Status unreadable;
  size_t unreadable_count = 0;
};

// Examines up to `instances_max` instances of a source of many, with one search over the blocks for each instance and
// each position that is neither the beginning nor the head. `done` runs once, on a thread of the log. Errors as for
// EventLog::FindCommit.
void FindSourceSpans(const Core& core, const ConsumerSource& source, const FeedPosition& from, const FeedPosition& to,
                     size_t instances_max, storage::Callback<SourceSpans> done);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_CONSUMERS_SOURCE_SPANS_H_
