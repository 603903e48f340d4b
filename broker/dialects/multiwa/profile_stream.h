// ProfileStream: sends the events of one profile to one client, and tracks how far the client has read.
//
//   a batch is sent --> the client's side has taken it --> a marker --> it has read everything before the marker
//
// The client does not report how far it has read, so the broker sends markers: at most one is in flight, and they are
// at least Options::marker_interval apart. Once a client has sent an acknowledgement (an addition to the original
// protocol), acknowledgements count instead, also after it has reconnected; markers, including earlier ones, do not. A
// marker only shows what the client's library has read, and such a client handles events later than that.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_PROFILE_STREAM_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_PROFILE_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "broker/dialects/multiwa/client_link.h"
#include "broker/dialects/multiwa/dialect.h"
#include "broker/dialects/multiwa/grace.h"
#include "broker/dialects/multiwa/opening.h"
#include "broker/model/frame_reader.h"
#include "broker/model/name_filter.h"
#include "broker/model/position.h"
#include "broker/read/delivery.h"
#include "broker/read/subscription.h"
#include "broker/timer_queue.h"
#include "storage/event_log.h"

namespace playhead::broker::multiwa {

// The maximum that is sent before the client's side has to take it.
inline constexpr size_t kBatchBytes = size_t{64} << 10;
inline constexpr size_t kBatchFrames = 256;

// The owner of a stream. Its methods are called on the connection's thread.
class StreamOwner {
 public:
  virtual ~StreamOwner() = default;
  // Sends a frame. Returns its size in bytes.
  virtual size_t SendFrame(const std::string& profile, const model::Frame& frame) = 0;
  // The stream cannot continue; the owner must end it.
  virtual void OnStreamClosed(const std::string& profile, const absl::Status& status) = 0;
};

// All methods run on the connection's thread.
// Ownership: borrows what `dialect` refers to, and its owner, which must end it before it is destroyed.
class ProfileStream final : public std::enable_shared_from_this<ProfileStream> {
 public:
  struct Source {
    std::shared_ptr<ClientLink> link;
    std::shared_ptr<Caller> caller;
    const model::RenderingDialect& rendering;  // Static lifetime.
    model::NameFilter filter;
  };

  // Continues from the place of `before`, if `opened` does; nullptr if there is no earlier stream.
  static std::shared_ptr<ProfileStream> Start(const Dialect& dialect, StreamOwner& owner, Source source,
                                              OpenedProfile opened, const ProfileStream* before);

  const std::string& profile() const { return profile_; }
  const Place& place() const { return place_; }

  // Called by the connection.
  void OnWritable();
  void OnMarkerRead(uint64_t marker);

  // The client has acknowledged everything up to `position`. Does nothing if this stream has not sent that.
  void Acknowledge(const model::Position& position);

  // Ends the stream. If the client has `left` deliberately, its place is dropped; otherwise it is kept.
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

  // Sends the next frames of the delivery; if there are none, asks for the next delivery.
  void SendFrames();
  // Sends a marker if it would be informative, now or when the interval has passed.
  void SendMarker();
  void OnRead(const model::Position& position);

  const Dialect dialect_;
  StreamOwner& owner_;
  const std::shared_ptr<ClientLink> link_;
  const std::string profile_;
  const std::shared_ptr<storage::Instance> instance_;
  model::FrameReader reader_;
  std::unique_ptr<Grace::Subscription> grace_;  // nullptr without grace.
  std::shared_ptr<broker::Subscription> subscription_;

  bool ended_ = false;
  bool has_frames_ = false;      // Some frames of the delivery may not be sent yet.
  storage::Cursor handed_over_;  // Everything up to here was given to the reader or is not shown.
  Place place_;

  std::optional<Marker> marker_;  // In flight.
  SteadyTime next_marker_at_;
  bool marker_armed_ = false;  // A timer is set for `next_marker_at_`.
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_PROFILE_STREAM_H_
