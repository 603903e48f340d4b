// FrameReader: turns a run of stored events into the frames of this dialect's client, one at a time.
#ifndef PLAYHEAD_BROKER_DIALECTS_PHOTON_FRAME_READER_H_
#define PLAYHEAD_BROKER_DIALECTS_PHOTON_FRAME_READER_H_

#include <prometheus/counter.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/strings/string_view.h"
#include "broker/dialects/app_secrets.h"
#include "broker/dialects/photon/renderer.h"
#include "broker/model/position.h"
#include "broker/read/event_run.h"
#include "storage/block.h"

namespace playhead::broker::photon {

using model::Position;

// `bytes` are an encoded photon.whatsapp.v1.Event, which is also a SubscribeEventsResponse, as the field numbers are
// the same. A rendered event is smaller than the JSON that it comes from, so any frame fits the 4 MiB that the client
// accepts.
struct Frame {
  std::string bytes;
  Position position;
};

// The client for which frames are rendered.
struct Audience {
  std::string instance;
  // A client with the app secret is also shown webhooks that could not be verified when they arrived. Both are set, or
  // neither.
  AppSecrets* app_secrets = nullptr;
  std::string app_secret;

  // The filter for the events to read.
  std::shared_ptr<const storage::EventFilter> filter() const {
    return ShownTypes(app_secrets == nullptr ? absl::string_view() : app_secrets->unverified_type());
  }
};

// Renders one event at a time, so only that event's frames are in memory. Events that cannot be rendered are skipped;
// the first one that a reader meets is logged. Not thread-safe.
class FrameReader {
 public:
  // Starts with the first frame after `seen`, a position of the audience's instance. Counts the events that it skips in
  // `not_rendered`, which must outlive it.
  FrameReader(Audience audience, const Position& seen, prometheus::Counter& not_rendered)
      : audience_(std::move(audience)), not_rendered_(not_rendered), seen_(seen) {}

  // Continues with these slices. REQUIRES: everything before them was taken.
  void Add(std::vector<storage::BlockSlice> slices) { events_ = EventRun(std::move(slices)); }

  // nullopt when everything was taken; the slices are then released.
  std::optional<Frame> Next();

 private:
  // Renders the next event that has frames to show. False if there is none.
  bool RenderNext();
  // Appends the payloads of `event` to `payloads_`.
  void Render(const EventView& event);
  void RenderPart(absl::string_view type, absl::string_view data);
  void PassOver(const absl::Status& why);

  const Audience audience_;
  prometheus::Counter& not_rendered_;
  Position seen_;
  EventRun events_;
  absl::InlinedVector<Payload, 1> payloads_;  // Of the event at `cursor_`.
  storage::Cursor cursor_;
  size_t next_payload_ = 0;
  bool passed_over_any_ = false;
};

}  // namespace playhead::broker::photon

#endif  // PLAYHEAD_BROKER_DIALECTS_PHOTON_FRAME_READER_H_
