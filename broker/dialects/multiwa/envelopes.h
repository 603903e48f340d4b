// Envelopes: what the documented client and the broker say to each other on one connection, and the one subscription
// that it has.
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

// Of a client's messages; the connection's own limits are those of what carries it.
inline constexpr int kBadMessagesMax = 10;  // Without a good one between them: the connection ends.
inline constexpr int kOpeningsMax = 8;      // Subscribes under way; one more is refused.

// All of it is for the connection's thread.   Ownership: borrows what `dialect` refers to.
class Envelopes final : public StreamOwner, public std::enable_shared_from_this<Envelopes> {
 public:
  Envelopes(const Dialect& dialect, ClientIdentity client, std::shared_ptr<ClientLink> link);

  // Welcomes the client. First.
  void Start();
  void OnMessage(absl::string_view text);
  void OnWritable();
  void OnMarkerRead(uint64_t marker);
  // Last: the connection has ended, by the client's wish if it has `left`.
  void End(bool left);

  size_t SendFrame(const std::string& profile, const model::Frame& frame) override;
  void OnStreamClosed(const std::string& profile, const absl::Status& status) override;

 private:
  void Subscribe(const ClientMessage& message);
  void OnOpened(const SubscribeRequest& request, const RequestId& request_id, uint64_t number,
                absl::StatusOr<OpenedProfile> opened);
  // Where a subscribe goes on from if it is on the same profile.
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
  uint64_t last_opening_ = 0;  // Older ones give way to it, and to an unsubscribe.
  std::shared_ptr<ProfileStream> stream_;
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_ENVELOPES_H_
