// Envelopes: the documented protocol between client and broker on one connection, which has one subscription.
//
//   subscribe --> the profile is opened --> ack --> events
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_ENVELOPES_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_ENVELOPES_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "broker/dialects/multiwa/client_link.h"
#include "broker/dialects/multiwa/dialect.h"
#include "broker/dialects/multiwa/messages.h"
#include "broker/dialects/multiwa/opening.h"
#include "broker/dialects/multiwa/profile_stream.h"

namespace playhead::broker::multiwa {

// Limits on a client's messages. The protocol that carries them has limits of its own.
inline constexpr int kBadMessagesMax = 10;  // After this many in a row the connection is ended.
inline constexpr int kOpeningsMax = 8;      // The maximum of subscribes in progress; more are refused.

// All methods run on the connection's thread.   Ownership: borrows what `dialect` refers to.
class Envelopes final : public StreamOwner, public std::enable_shared_from_this<Envelopes> {
 public:
  Envelopes(const Dialect& dialect, ClientIdentity client, std::shared_ptr<ClientLink> link);

  // Welcomes the client. Call it first.
  void Start();
  void OnMessage(absl::string_view text);
  void OnWritable();
  void OnMarkerRead(uint64_t marker);
  // The connection has ended; deliberately by the client if it has `left`. Call it last.
  void End(bool left);

  size_t SendFrame(const std::string& profile, const model::Frame& frame) override;
  void OnStreamClosed(const std::string& profile, const absl::Status& status) override;

 private:
  void Subscribe(const ClientMessage& message);
  void OnOpened(const SubscribeRequest& request, const RequestId& request_id, uint64_t number,
                absl::StatusOr<OpenedProfile> opened);
  // The place where a new subscribe continues if it is for the present profile.
  std::optional<Place> PresentPlace(const std::string& profile) const;
  void Acknowledge(const ClientMessage& message);
  void EndSubscription(bool left);
  void Refuse(const absl::Status& status, const RequestId& request_id);

  const Dialect dialect_;
  const ClientIdentity client_;
  const std::shared_ptr<ClientLink> link_;

  bool ended_ = false;
  int bad_messages_ = 0;
  int openings_ = 0;
  uint64_t last_opening_ = 0;  // An older opening is dropped when it is done; an unsubscribe drops all.
  std::shared_ptr<ProfileStream> stream_;
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_ENVELOPES_H_
