// What comes before the first event of a profile: its instance is opened, and the client's place in it found and kept.
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

// How far a client is in a profile.
struct Place {
  model::Position sent;        // Everything up to here was sent or is not shown.
  model::Position last_frame;  // The last that was sent; the start before the first.
  model::Position read;        // What the client has read.
  model::Position start;       // What it had read when it was subscribed.
  bool client_acks = false;    // Here, or on a connection before.
};

struct Opening {
  std::string profile;
  std::optional<std::string> since;  // As the client wrote it.
  std::string grace_key;
  // Where the client already is on this connection, and goes on without a `since`; unset: it is new here. Asked on the
  // connection's thread, when the instance is open.
  std::function<std::optional<Place>()> present;
};

struct OpenedProfile {
  std::shared_ptr<storage::Instance> instance;
  model::Resume resume;
  std::unique_ptr<Grace::Subscription> grace;  // nullptr without.
  bool client_acks = false;                    // On a connection before.
};

// `done` runs once, on the connection's thread or inside the call, with a place that a broker that dies from now on
// knows of when it is back; if the connection ends before that, it may not run.
//   PermissionDenied  as Caller::Check.
//   InvalidArgument   INSTANCE_NAME_INVALID; or, without a reason code but in words for the client, a bad `since`.
//   Others            as Caller::AdmitInstance and EventLog::OpenInstance.
void OpenProfile(const Dialect& dialect, const ClientIdentity& client, std::shared_ptr<ClientLink> link,
                 Opening opening, absl::AnyInvocable<void(absl::StatusOr<OpenedProfile>)> done);

// Of subscriptions that are alike: `what` says in which words and with which filter.
std::string GraceKey(const ClientIdentity& client, absl::string_view profile, absl::Span<const absl::string_view> what);

// What a client is told of a refusal, in the original's words where it has some.
std::string ErrorText(const absl::Status& status);

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_OPENING_H_
