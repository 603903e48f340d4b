// Opens a profile for a client: opens its instance, and finds and stores the client's place in it.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_OPENING_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_OPENING_H_

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "broker/dialects/multiwa/client_link.h"
#include "broker/dialects/multiwa/dialect.h"
#include "broker/dialects/multiwa/grace.h"
#include "broker/model/position.h"
#include "storage/event_log.h"

namespace playhead::broker::multiwa {

// How far a client has got in a profile.
struct Place {
  model::Position sent;        // Everything up to here was sent or is not shown.
  model::Position last_frame;  // The last frame that was sent; the start if there was none.
  model::Position read;        // The client has read everything up to here.
  model::Position start;       // `read` when the stream started.
  bool client_acks = false;    // On this connection, or on an earlier one.
};

struct Opening {
  std::string profile;
  std::optional<std::string> since;  // As sent by the client.
  std::string grace_key;
  // Returns the client's place in the profile on this connection, where it continues without a `since`; nullopt if it
  // is new here. Called on the connection's thread, when the instance is open.
  std::function<std::optional<Place>()> present;
};

struct OpenedProfile {
  std::shared_ptr<storage::Instance> instance;
  model::Resume resume;
  std::unique_ptr<Grace::Subscription> grace;  // nullptr without grace.
  bool client_acks = false;                    // On an earlier connection.
};

// `done` runs once, on the connection's thread or inside the call, when the place is on disk, so that the broker still
// knows it after a crash. If the connection ends first, it may not run.
//  PermissionDenied  as Caller::Check.
//  InvalidArgument   INSTANCE_NAME_INVALID; or, without a reason code but with a message for the client, a bad `since`.
//  and those of broker/open_instance.h.
void OpenProfile(const Dialect& dialect, const ClientIdentity& client, std::shared_ptr<ClientLink> link,
                 Opening opening, absl::AnyInvocable<void(absl::StatusOr<OpenedProfile>)> done);

// The key shared by equal subscriptions; `what` identifies their protocol and filter.
std::string GraceKey(const ClientIdentity& client, absl::string_view profile, absl::Span<const absl::string_view> what);

// The text of a refusal for the client, the same as the original's if that has one.
std::string ErrorText(const absl::Status& status);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_OPENING_H_
