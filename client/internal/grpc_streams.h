// The streaming calls of connection.h as gRPC reactors.
#ifndef PLAYHEAD_CLIENT_INTERNAL_GRPC_STREAMS_H_
#define PLAYHEAD_CLIENT_INTERNAL_GRPC_STREAMS_H_

#include <google/protobuf/message_lite.h>
#include <grpcpp/client_context.h>
#include <grpcpp/generic/generic_stub.h>

#include <memory>
#include <string>

#include "client/connection.h"
#include "client/grpc_endpoint.h"

namespace playhead::internal {

// All functions borrow `endpoint` only until they return: the calls copy it.
// `method` takes `request` and streams responses.
std::shared_ptr<SubscribeCall> StartSubscribe(grpc::GenericStub& stub, const GrpcEndpoint& endpoint,
                                              const std::string& method, const google::protobuf::MessageLite& request,
                                              std::shared_ptr<SubscribeObserver> observer);

std::shared_ptr<AppendCall> StartAppendStream(grpc::GenericStub& stub, const GrpcEndpoint& endpoint,
                                              std::shared_ptr<AppendObserver> observer);

std::shared_ptr<ConsumeCall> StartConsume(grpc::GenericStub& stub, const GrpcEndpoint& endpoint,
                                          std::shared_ptr<ConsumeObserver> observer);

}  // namespace playhead::internal

#endif  // PLAYHEAD_CLIENT_INTERNAL_GRPC_STREAMS_H_
