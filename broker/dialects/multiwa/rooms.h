// Rooms: the profiles that a client of the gateway has joined on one connection. Client and broker exchange Socket.IO
// events with one argument (for the broker's, see broker/dialects/multiwa/gateway_renderer.h). The client's are:
//
//  join, subscribe:profile   {"profileId","since"?}   acknowledged with {"success":true,"profileId"}
//  unsubscribe:profile       {"profileId"}            likewise
//
// Errors are acknowledged with {"success":false,"error"}. Nothing is sent if the client asks for no acknowledgement.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_ROOMS_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_ROOMS_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/dialects/multiwa/client_link.h"
#include "broker/dialects/multiwa/dialect.h"
#include "broker/dialects/multiwa/opening.h"
#include "broker/dialects/multiwa/profile_stream.h"
#include "broker/http/socketio/socket.h"

namespace playhead::broker::multiwa {

inline constexpr size_t kRoomsMax = 100;       // Per connection; joining more is refused.
inline constexpr size_t kJoinsWaitingMax = 8;  // Of one profile while it is being opened; more are refused.

// All methods run on the connection's thread.   Ownership: borrows what `dialect` refers to.
class Rooms final : public StreamOwner, public std::enable_shared_from_this<Rooms> {
 public:
  // `link` is the connection of `socket`.
  Rooms(const Dialect& dialect, ClientIdentity client, std::shared_ptr<ClientLink> link,
        std::shared_ptr<http::socketio::Socket> socket);

  // Whether an event of this name is for rooms.
  static bool Knows(absl::string_view event_name);

  // REQUIRES: Knows.
  void OnEvent(const http::socketio::Event& event);
  void OnWritable();
  void OnMarkerRead(uint64_t marker);
  // The connection has ended; deliberately by the client if it has `left`. Call it last.
  void End(bool left);

  size_t SendFrame(const std::string& profile, const model::Frame& frame) override;
  void OnStreamClosed(const std::string& profile, const absl::Status& status) override;

 private:
  using AckId = std::optional<uint64_t>;

  struct Room {
    uint64_t number;                        // Unique; a profile that is left and joined again gets another one.
    std::shared_ptr<ProfileStream> stream;  // nullptr while it is being opened.
    std::vector<AckId> waiting;             // Acknowledgements to send when it is open.
  };

  void Join(const std::string& profile, std::optional<std::string> since, AckId ack_id);
  void OnOpened(const std::string& profile, uint64_t number, absl::StatusOr<OpenedProfile> opened);
  void Leave(const std::string& profile);
  std::vector<std::shared_ptr<ProfileStream>> Streams() const;
  void Succeed(const std::string& profile, AckId ack_id);
  void Refuse(const absl::Status& status, AckId ack_id);

  const Dialect dialect_;
  const ClientIdentity client_;
  const std::shared_ptr<ClientLink> link_;
  const std::shared_ptr<http::socketio::Socket> socket_;

  bool ended_ = false;
  uint64_t last_number_ = 0;
  absl::flat_hash_map<std::string, Room> rooms_;  // By profile.
  size_t next_turn_ = 0;                          // Rotates which stream sends first, so that none starves.
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_ROOMS_H_
