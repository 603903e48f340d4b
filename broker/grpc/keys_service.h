// The native service playhead.v1.Keys.
#ifndef PLAYHEAD_BROKER_GRPC_KEYS_SERVICE_H_
#define PLAYHEAD_BROKER_GRPC_KEYS_SERVICE_H_

#include <grpcpp/impl/service_type.h>

#include <memory>

#include "broker/auth/key_store.h"
#include "broker/core.h"

namespace playhead::broker {

// Everything that `core` refers to, and `keys`, must outlive the service's calls.
std::unique_ptr<grpc::Service> MakeKeysService(const Core& core, KeyStore& keys);

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_KEYS_SERVICE_H_
