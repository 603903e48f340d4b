// Event and EventBatch: events as a reader gets them. Both point into the message in which they were received; nothing
// is copied.
//
// Thread safety: immutable after they are handed out; copies may be used from any thread.
// Ownership: an Event keeps the received message (up to some hundreds of KiB) alive as long as any copy lives. To keep
// a few events for long, copy the needed fields out. Units: times are microseconds since the Unix epoch, UTC.
#ifndef PLAYHEAD_CLIENT_EVENT_H_
#define PLAYHEAD_CLIENT_EVENT_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "client/shared_bytes.h"
#include "proto/erased_event.h"
#include "proto/event_wire.h"

namespace playhead {

// One event. Copying only adds a reference. The views it returns are valid as long as any copy of it lives.
class Event {
 public:
  Event() = default;
  Event(std::shared_ptr<const void> owner, const EventView& view) : owner_(std::move(owner)), view_(view) {}

  absl::string_view type() const { return view_.type; }
  absl::string_view id() const { return view_.id; }  // Empty if the publisher gave none.
  absl::string_view data() const { return view_.data; }
  int64_t created_at() const { return view_.created_at; }    // By the publisher's clock; 0 if not given.
  int64_t appended_at() const { return view_.appended_at; }  // By the broker's clock; never decreases within a log.
  uint64_t cursor() const { return view_.cursor; }
  // Whether this is the stub of an erased event, which has only a cursor and appended_at.
  bool erased() const { return view_.type == kErasedEventType; }

  // Keys and values, in the publisher's order.
  absl::Span<const std::pair<absl::string_view, absl::string_view>> attributes() const { return view_.attributes; }
  // The value of `key`; nullopt if there is no such attribute.
  std::optional<absl::string_view> attribute(absl::string_view key) const;

 private:
  std::shared_ptr<const void> owner_;
  EventView view_;
};

// Events of one message, in the order of the log (or the reverse, if that was requested). Iterating costs nothing per
// event:
//   for (const EventView& event : batch) Handle(event.type, event.data);
// The views are valid as long as the batch, or an Event made from it, lives and is not assigned to.
class EventBatch {
 public:
  EventBatch() = default;

  bool empty() const { return first_ == views_.size(); }
  size_t size() const { return views_.size() - first_; }
  const EventView* begin() const { return views_.data() + first_; }
  const EventView* end() const { return views_.data() + views_.size(); }
  const EventView& operator[](size_t i) const { return views_[first_ + i]; }

  // Event `i` on its own: outlives the batch.
  Event event(size_t i) const { return Event(owner_, (*this)[i]); }

  // Replaces the batch with the events found in `message`, an encoded message whose field 1 is `repeated Event events`.
  // All other fields are appended to `rest`, still encoded. False if the bytes are malformed; the batch is then empty.
  bool Decode(SharedBytes message, std::string& rest);

  // Removes the first `count` events and returns them. REQUIRES: count <= size().
  EventBatch TakeFront(size_t count);

  // Drops the first event. REQUIRES: !empty().
  void DropFront() { ++first_; }
  // Drops events from the front while their cursor is at most `cursor`.
  void DropThrough(uint64_t cursor);

  // Empties the batch; keeps its capacity.
  void Clear();

 private:
  std::shared_ptr<const void> owner_;
  std::vector<EventView> views_;
  size_t first_ = 0;  // Views before this index were dropped.
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_EVENT_H_
