#include "tests/support/consumers_client.h"

#include <gtest/gtest.h>

namespace playhead::testing {

using Stub = v1::Consumers::Stub;

CallOutcome ConsumersClient::Create(const v1::CreateConsumerRequest& request, v1::CreateConsumerResponse* response) {
  v1::CreateConsumerResponse ignored;
  return Call(&Stub::CreateConsumer, request, response == nullptr ? ignored : *response);
}

v1::Consumer ConsumersClient::Get(const std::string& name) {
  v1::GetConsumerRequest request;
  request.set_name(name);
  v1::GetConsumerResponse response;
  const CallOutcome outcome = Call(&Stub::GetConsumer, request, response);
  EXPECT_TRUE(outcome.ok()) << outcome.status.error_message();
  return response.consumer();
}

CallOutcome ConsumersClient::TryGet(const std::string& name) {
  v1::GetConsumerRequest request;
  request.set_name(name);
  v1::GetConsumerResponse response;
  return Call(&Stub::GetConsumer, request, response);
}

CallOutcome ConsumersClient::Delete(const std::string& name) {
  v1::DeleteConsumerRequest request;
  request.set_name(name);
  v1::DeleteConsumerResponse response;
  return Call(&Stub::DeleteConsumer, request, response);
}

CallOutcome ConsumersClient::Reset(const v1::ResetConsumerRequest& request, v1::ResetConsumerResponse* response) {
  v1::ResetConsumerResponse ignored;
  return Call(&Stub::ResetConsumer, request, response == nullptr ? ignored : *response);
}

v1::ListParkedResponse ConsumersClient::Parked(const std::string& name, bool with_events) {
  v1::ListParkedRequest request;
  request.set_consumer(name);
  request.set_with_events(with_events);
  v1::ListParkedResponse response;
  const CallOutcome outcome = Call(&Stub::ListParked, request, response);
  EXPECT_TRUE(outcome.ok()) << outcome.status.error_message();
  return response;
}

}  // namespace playhead::testing
