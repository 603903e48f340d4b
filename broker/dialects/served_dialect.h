// The interface between the server and a dialect: what a dialect is created from, and what the server asks of it.
//
// The entry point of each dialect is `<name>/make.h`, which creates it from a DialectContext and its own options.
// Dialects are listed only in broker/dialects/all.h and .cc.
#ifndef PLAYHEAD_BROKER_DIALECTS_SERVED_DIALECT_H_
#define PLAYHEAD_BROKER_DIALECTS_SERVED_DIALECT_H_

#include <grpcpp/impl/service_type.h>

#include <vector>

#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"
#include "broker/dialects/app_secrets.h"
#include "broker/grpc/stalled_calls.h"
#include "broker/http/router.h"
#include "broker/http/socketio/server.h"
#include "broker/instance_deletion.h"
#include "broker/sessions/session_store.h"

namespace playhead::broker {

// What dialects may use. Everything outlives them except the log, the router and the Socket.IO server, which are
// destroyed first, together with everything that calls a dialect.
struct DialectContext {
  const Core core;
  ConsumerRegistry& consumers;
  SessionStore& sessions;
  AppSecrets& app_secrets;
  StalledCalls& stalled_calls;
  // While it is created, a dialect adds its routes, its namespaces and, if it stores anything per instance besides
  // sessions and consumers, a callback that deletes this for a deleted instance.
  http::Router& router;
  http::socketio::Server& socketio;
  InstanceDeletion& deletion;
};

// Ownership: the server owns it until the listeners, the log, the timers and the executor have ended, since their
// callbacks use it.
class ServedDialect {
 public:
  virtual ~ServedDialect() = default;

  // Its gRPC services, borrowed.
  virtual std::vector<grpc::Service*> grpc_services() { return {}; }

  // Called when the broker is about to end all connections. Any thread.
  virtual void BeginStop() {}
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_DIALECTS_SERVED_DIALECT_H_
