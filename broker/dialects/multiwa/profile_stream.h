// ProfileStream: the events of one profile on their way to one client, and what is known of how far it has read.
//
//   a batch is sent --> the client's side has taken it --> a marker --> it has read everything before the marker
//
// The client does not say by itself how far it has read, so the broker sends markers: at most one is under way, and
// successive ones are Options::marker_interval apart. Once a client has sent an acknowledgement (an addition to the
// original protocol), acknowledgements count instead, also after it has reconnected, and markers do not, earlier ones
// included: a marker says only what the client's library has read, and this client handles events later than that.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_PROFILE_STREAM_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_PROFILE_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "broker/delivery.h"
#include "broker/dialects/multiwa/client_link.h"
#include "broker/dialects/multiwa/dialect.h"
#include "broker/dialects/multiwa/grace.h"
#include "broker/dialects/multiwa/opening.h"
#include "broker/model/frame_reader.h"
#include "broker/model/name_filter.h"
#include "broker/model/position.h"
#include "broker/subscription.h"
#include "broker/timer_queue.h"
#include "storage/event_log.h"

namespace playhead::broker::multiwa {

// Sent before the client's side must have taken it.
inline constexpr size_t kBatchBytes = size_t{64} << 10;
inline constexpr size_t kBatchFrames = 256;

// Whoever has a stream. Called on the connection's thread.
class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  // Sends a frame; how many bytes that was.
  virtual size_t SendFrame(const std::string& profile, const model::Frame& frame) = 0;
  // The stream cannot go on: it is to be ended.
  virtual void OnStreamClosed(const std::string& profile, const absl::Status& status) = 0;
};

// All of it is for the connection's thread.
// Ownership: borrows what `dialect` refers to, and its owner, who ends it before it goes.
class ProfileStream final : public std::enable_shared_from_this<ProfileStream> {
 public:
  struct Source {
    std::shared_ptr<ClientLink> link;
    std::shared_ptr<Caller> caller;
    const model::RenderingDialect& rendering;  // Lives for ever.
    model::NameFilter filter;
  };

  // Goes on from the place of `before`, if `opened` does; nullptr: there was none.
  static std::shared_ptr<ProfileStream> Start(const Dialect& dialect, StreamOwner& owner, Source source,
                                              OpenedProfile opened, const ProfileStream* before);

  const std::string& profile() const { return profile_; }
  const Place& place() const { return place_; }

  // For the connection.
  void OnWritable();
  void OnMarkerRead(uint64_t marker);

  // The client says that it has handled everything up to `position`. Does nothing if that is not of this stream.
  void Acknowledge(const model::Position& position);

  // Nothing happens from then on. The client wanted it, if it has `left`; else its place is kept.
  void End(bool left);

 private:
  struct Marker {
    uint64_t number;
    model::Position sent;
  };

  ProfileStream(const Dialect& dialect, StreamOwner& owner, Source source, OpenedProfile opened,
                const ProfileStream* before);

  void Ask();
  void OnDelivery(Delivery delivery);
  void On(const Started& started);
  void On(Events events);
  void On(const CaughtUp& caught_up);
  void On(const Heartbeat& heartbeat);
  void On(const Gap& gap);
  void On(const Closed& closed);
  void OnProgress(storage::Cursor cursor);

  // Sends the next frames of what was handed over; without any, asks for more.
  void SendFrames();
  // Sends a marker if there is something to be known by it, and this is the moment.
  void SendMarker();
  void OnRead(const model::Position& position);

  const Dialect dialect_;
  StreamOwner& owner_;
  const std::shared_ptr<ClientLink> link_;
  const std::string profile_;
  const storage::InstanceNumber instance_;
  model::FrameReader reader_;
  std::unique_ptr<Grace::Subscription> grace_;  // nullptr without.
  std::shared_ptr<broker::Subscription> subscription_;

  bool ended_ = false;
  bool has_frames_ = false;      // Of what was handed over some may be left to be sent.
  storage::Cursor handed_over_;  // Everything up to here was given to the reader or is not shown.
  Place place_;

  std::optional<Marker> marker_;  // Under way.
  SteadyTime next_marker_at_;
  bool marker_armed_ = false;  // A timer is set for that.
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_PROFILE_STREAM_H_
