// FrameReader: a run of stored events as the frames in which this dialect's client gets them, one at a time.
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
#include "broker/dialects/photon/app_secrets.h"
#include "broker/dialects/photon/renderer.h"
#include "broker/event_run.h"
#include "broker/model/position.h"
#include "storage/block.h"

namespace playhead::broker::photon {

using model::Position;

// `bytes` encode a photon.whatsapp.v1.Event, and by the same field numbers a SubscribeEventsResponse. What is rendered
// takes less room than the JSON that it comes from, so a frame fits the 4 MiB that the client takes as any event does.
struct Frame {
  std::string bytes;
  Position position;
};

// For whom frames are made.
struct Audience {
  std::string instance;
  // Whoever has the secret of a webhook that was kept unverified sees what it says. Both or neither.
  AppSecrets* app_secrets = nullptr;
  std::string app_secret;

  // What is to be read for it.
  std::shared_ptr<const storage::EventFilter> filter() const {
    return ShownTypes(app_secrets == nullptr ? absl::string_view() : app_secrets->unverified_type());
  }
};

// Renders as it goes, so that only one event's frames are in memory. An event that cannot be rendered is passed over;
// the first that a reader meets is written to the log. Not thread-safe.
class FrameReader {
 public:
  // Starts with the first frame behind `seen`, a position of the audience's instance.
  // Counts what it passes over in `not_rendered`, which must outlive it.
  FrameReader(Audience audience, const Position& seen, prometheus::Counter& not_rendered)
      : audience_(std::move(audience)), not_rendered_(not_rendered), seen_(seen) {}

  // Goes on with these slices. REQUIRES: all before them was taken.
  void Add(std::vector<storage::BlockSlice> slices) { events_ = EventRun(std::move(slices)); }

  // nullopt when all was taken: then the slices are let go.
  std::optional<Frame> Next();

 private:
  // Renders the next event that is shown. False at the end.
  bool RenderNext();
  // Adds what `event` says to `payloads_`.
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
