// The unary calls of playhead.v1.Consumers, as a client in any language makes them.
#ifndef PLAYHEAD_TESTS_SUPPORT_CONSUMERS_CLIENT_H_
#define PLAYHEAD_TESTS_SUPPORT_CONSUMERS_CLIENT_H_

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <memory>
#include <string>
#include <utility>

#include "playhead/v1/consumers.grpc.pb.h"
#include "tests/support/key_client.h"

namespace playhead::testing {

// Makes calls with one secret. Thread-safe.
class ConsumersClient {
 public:
  explicit ConsumersClient(const std::shared_ptr<grpc::Channel>& channel, std::string secret = "")
      : secret_(std::move(secret)), stub_(v1::Consumers::NewStub(channel)) {}

  // Client.Call(&v1::Consumers::Stub::GetConsumer, request, response).
  template <typename Request, typename Response>
  CallOutcome Call(grpc::Status (v1::Consumers::Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                   const Request& request, Response& response) {
    grpc::ClientContext context;
    SetSecret(context, secret_);
    const grpc::Status status = (*stub_.*method)(&context, request, &response);
    return OutcomeOf(status, context);
  }

  CallOutcome Create(const v1::CreateConsumerRequest& request, v1::CreateConsumerResponse* response = nullptr);
  // Fails the test if it does not succeed.
  v1::Consumer Get(const std::string& name);
  CallOutcome TryGet(const std::string& name);
  CallOutcome Delete(const std::string& name);
  CallOutcome Reset(const v1::ResetConsumerRequest& request, v1::ResetConsumerResponse* response = nullptr);
  v1::ListParkedResponse Parked(const std::string& name, bool with_events = false);

 private:
  const std::string secret_;
  const std::unique_ptr<v1::Consumers::Stub> stub_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_CONSUMERS_CLIENT_H_
