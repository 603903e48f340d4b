// The native service playhead.v1.Webhooks.
#ifndef PLAYHEAD_BROKER_GRPC_WEBHOOKS_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_WEBHOOKS_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/core.h"
#include "broker/webhook/secret_store.h"

namespace playhead::broker {

// Everything that `core` refers to, and `secrets`, must outlive the service's calls.
std::unique_ptr<grpc::Service> MakeWebhooksService(const Core& core, webhook::SecretStore& secrets);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_WEBHOOKS_SERVICE_H_
