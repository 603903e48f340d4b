// The endpoint of MultiWA's realtime API: GET /ws, which becomes a WebSocket, and Socket.IO's namespace /ws. See
// docs/clients/multiwa.md.
#ifndef PLAYHEAD_BROKER_DIALECTS_MULTIWA_ENDPOINT_H_
#define PLAYHEAD_BROKER_DIALECTS_MULTIWA_ENDPOINT_H_

#include <memory>

#include "broker/core.h"
#include "broker/dialects/multiwa/dialect.h"
#include "broker/dialects/multiwa/gateway.h"
#include "broker/dialects/multiwa/grace.h"
#include "broker/dialects/multiwa/options.h"
#include "broker/dialects/served_dialect.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http/router.h"
#include "broker/http/socketio/server.h"
#include "broker/metrics/metrics.h"
#include "broker/sessions/session_store.h"

namespace playhead::broker::multiwa {

// Ownership: borrows what `core` refers to, and `sessions`; must outlive the listener and the timers.
class Endpoint final : public ServedDialect {
 public:
  // Loads from `sessions` the clients that may return.
  Endpoint(const Core& core, SessionStore& sessions, const Options& options);
  Endpoint(const Endpoint&) = delete;
  Endpoint& operator=(const Endpoint&) = delete;

  void AddRoutes(http::Router& router);
  void AddNamespace(http::socketio::Server& server) { server.Add("/ws", gateway_); }

 private:
  // Admits clients with the secret of a key: the query's `apiKey`, else the header x-api-key, else a bearer. Others get
  // a 401, in the form of MultiWA's REST API, before anything else happens.
  void Serve(http::Request request, http::Responder responder) const;

  const Core core_;
  const Options options_;
  const Metrics::Dialect figures_;
  Grace grace_;
  const Dialect dialect_;
  Gateway gateway_;
};

}  // namespace playhead::broker::multiwa

#endif  // PLAYHEAD_BROKER_DIALECTS_MULTIWA_ENDPOINT_H_
