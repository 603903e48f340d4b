// References to what the routes of the HTTP API use. broker/server.h owns them.
#ifndef PLAYHEAD_BROKER_HTTP_API_SERVICES_H_
#define PLAYHEAD_BROKER_HTTP_API_SERVICES_H_

#include "broker/auth/access_token.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/core.h"
#include "broker/instance_deletion.h"

namespace playhead::broker::http_api {

struct Services {
  const Core core;
  InstanceDeletion& deletion;
  const AccessTokens& tokens;
  ConsumerRegistry& consumers;
};

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_SERVICES_H_
