// The two streams over gRPC: the calls of connection.h as reactors.
#ifndef PLAYHEAD_CLIENT_INTERNAL_GRPC_STREAMS_H_
#define PLAYHEAD_CLIENT_INTERNAL_GRPC_STREAMS_H_

#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "client/connection.h"

namespace playhead::internal {

// Prepares the context of a call; an error fails the call before it is sent.
using ContextSetup = absl::AnyInvocable<absl::Status(grpc::ClientContext&)>;

std::shared_ptr<SubscribeCall> StartSubscribe(grpc::GenericStub& stub, ContextSetup setup,
                                              const v1::SubscribeRequest& request,
                                              std::shared_ptr<SubscribeObserver> observer);

std::shared_ptr<AppendCall> StartAppendStream(grpc::GenericStub& stub, ContextSetup setup,
                                              std::shared_ptr<AppendObserver> observer);

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_GRPC_STREAMS_H_
