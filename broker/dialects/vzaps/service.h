// The realtime API of VZaps: `POST /token` and the WebSocket `GET /events/ws`, as used by its six SDKs.
#ifndef PLAYHEAD_BROKER_DIALECTS_VZAPS_SERVICE_H_
#define PLAYHEAD_BROKER_DIALECTS_VZAPS_SERVICE_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "broker/auth/caller.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"
#include "broker/dialects/vzaps/connect_request.h"
#include "broker/dialects/vzaps/options.h"
#include "broker/dialects/vzaps/subscribed_events.h"
#include "broker/dialects/vzaps/token.h"
#include "broker/http/router.h"
#include "broker/metrics/metrics.h"
#include "broker/model/name_filter.h"
#include "broker/sessions/acked_sessions.h"
#include "broker/sessions/session_store.h"

namespace playhead::broker::vzaps {

// Thread safety: as the router calls it.   Blocking: Make only.
// Ownership: borrows its arguments; must outlive the router's use and the callbacks of the log.
class Service {
 public:
  // Loads the sessions, the signing key of tokens, and the settings of instances. Blocks on the store. Errors: as
  // TokenSigner::Load, LoadSubscribedEvents and AckedSessions::Load.
  static absl::StatusOr<std::unique_ptr<Service>> Make(const Core& core, ConsumerRegistry& consumers,
                                                       SessionStore& sessions, const Options& options);

  void AddRoutes(http::Router& router);

  // Changes apply to connections that are made later.
  SubscribedEvents& subscribed_events() { return *subscribed_events_; }

 private:
  Service(const Core& core, ConsumerRegistry& consumers, SessionStore& sessions, const Options& options,
          std::unique_ptr<SubscribedEvents> subscribed_events, TokenSigner tokens);

  void GiveToken(const http::Request& request, http::Responder responder) const;

  // A connection that does not have its session yet.
  struct Connecting;
  void Connect(http::Request request, http::Responder responder);
  // Checks both credentials.
  absl::Status Admit(Connecting& connecting) const;
  void OpenInstance(std::shared_ptr<Connecting> connecting);
  void OpenSession(std::shared_ptr<Connecting> connecting, const std::shared_ptr<storage::Instance>& instance);
  // Sets where its frames start, and counts a position that could not be used.
  void NoteStart(Connecting& connecting, const AckedSessions::Opened& opened) const;
  void Accept(Connecting& connecting, std::shared_ptr<AckedSession> session) const;
  void Refuse(Connecting& connecting, absl::Status error) const;
  // The filter for a client that asks for `names`.
  model::NameFilter FilterOf(const storage::Instance& instance, const std::vector<std::string>& names) const;

  const Core core_;
  const Options options_;
  const Metrics::Dialect figures_;
  const std::unique_ptr<SubscribedEvents> subscribed_events_;
  const TokenSigner tokens_;
  AckedSessions sessions_;
};

}  // namespace playhead::broker::vzaps

#endif  // PLAYHEAD_BROKER_DIALECTS_VZAPS_SERVICE_H_
