// GoogleMock classes for tests of programs that use the client: give the mock to Client, and play the broker.
//
//   auto connection = std::make_shared<MockConnection>();
//   EXPECT_CALL(*connection, GetInstance).WillOnce(Return(instance));
//   Client client(connection, {.timers = timers});
//
// For streams, keep the observer that Subscribe or AppendStream was given and call it from the test's own thread; the
// rules of connection.h (one message for each Read, never inside a call) are the test's to keep.
#ifndef PLAYHEAD_CLIENT_MOCKS_MOCK_CONNECTION_H_
#define PLAYHEAD_CLIENT_MOCKS_MOCK_CONNECTION_H_

#include <gmock/gmock.h>

#include <memory>

#include "client/connection.h"

namespace playhead {

class MockSubscribeCall : public SubscribeCall {
 public:
  MOCK_METHOD(void, Read, (), (override));
  MOCK_METHOD(void, Cancel, (), (override));
};

class MockAppendCall : public AppendCall {
 public:
  MOCK_METHOD(void, Write, (SharedBytes request), (override));
  MOCK_METHOD(void, WritesDone, (), (override));
  MOCK_METHOD(void, Cancel, (), (override));
};

class MockConsumeCall : public ConsumeCall {
 public:
  MOCK_METHOD(void, Read, (), (override));
  MOCK_METHOD(void, Write, (SharedBytes request), (override));
  MOCK_METHOD(void, Cancel, (), (override));
};

class MockConnection : public Connection {
 public:
  MOCK_METHOD(absl::StatusOr<v1::AppendResponse>, Append, (const v1::AppendRequest& request, absl::Time deadline),
              (override));
  MOCK_METHOD(absl::StatusOr<SharedBytes>, FetchMissed, (const v1::FetchMissedRequest& request, absl::Time deadline),
              (override));
  MOCK_METHOD(absl::StatusOr<v1::Instance>, GetInstance, (const v1::GetInstanceRequest& request, absl::Time deadline),
              (override));
  MOCK_METHOD(absl::StatusOr<v1::ListInstancesResponse>, ListInstances,
              (const v1::ListInstancesRequest& request, absl::Time deadline), (override));
  MOCK_METHOD(absl::Status, DeleteInstance, (const v1::DeleteInstanceRequest& request, absl::Time deadline),
              (override));
  MOCK_METHOD(std::shared_ptr<SubscribeCall>, Subscribe,
              (const v1::SubscribeRequest& request, std::shared_ptr<SubscribeObserver> observer), (override));
  MOCK_METHOD(std::shared_ptr<SubscribeCall>, SubscribeMany,
              (const v1::SubscribeManyRequest& request, std::shared_ptr<SubscribeObserver> observer), (override));
  MOCK_METHOD(std::shared_ptr<AppendCall>, AppendStream, (std::shared_ptr<AppendObserver> observer), (override));
  MOCK_METHOD(std::shared_ptr<ConsumeCall>, Consume, (std::shared_ptr<ConsumeObserver> observer), (override));
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_MOCKS_MOCK_CONNECTION_H_
