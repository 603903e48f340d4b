// Connection: one attempt at each call, and nothing else. Retries, resuming, batching and paging are done above it, in
// Client, Publisher and Subscription. A test of a program that uses those replaces the Connection (client/mocks), and
// so exercises the same logic that runs against a broker.
//
// Thread safety: all methods of Connection and of the calls may be called from any thread.
// Errors: a status from the broker carries its reason (proto/errors.h: ToProto, HasReason); one from the transport has
// no reason.
#ifndef PLAYHEAD_CLIENT_CONNECTION_H_
#define PLAYHEAD_CLIENT_CONNECTION_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/shared_bytes.h"
#include "playhead/v1/event_log.pb.h"

namespace playhead {

// Receives what happens on one subscription attempt. Methods are called one at a time, never from inside a call to
// SubscribeCall.
class SubscribeObserver {
 public:
  virtual ~SubscribeObserver() = default;
  // An encoded v1::SubscribeResponse, or the response type of another stream: one for each Read().
  virtual void OnMessage(SharedBytes message) = 0;
  // The attempt is over. Called once, as the last call. OK if the broker ended the stream without an error.
  virtual void OnDone(absl::Status status) = 0;
};

// A subscription attempt. May be destroyed at any time; the attempt goes on until OnDone.
class SubscribeCall {
 public:
  virtual ~SubscribeCall() = default;
  // Asks for the next message. REQUIRES: the message asked for before has arrived.
  virtual void Read() = 0;
  // Ends the attempt soon. May be called more than once, and after OnDone.
  virtual void Cancel() = 0;
};

// Receives what happens on one append stream. Methods are called one at a time, except that OnWritten may run
// concurrently with OnReply; never from inside a call to AppendCall.
class AppendObserver {
 public:
  virtual ~AppendObserver() = default;
  // The request given to Write() was sent; the next one may be written.
  virtual void OnWritten() = 0;
  // The reply to the oldest unanswered request.
  virtual void OnReply(v1::AppendStreamResponse reply) = 0;
  // The stream is over: once, last.
  virtual void OnDone(absl::Status status) = 0;
};

// An append stream. May be destroyed at any time; the stream goes on until OnDone.
class AppendCall {
 public:
  virtual ~AppendCall() = default;
  // Sends an encoded v1::AppendRequest. REQUIRES: the previous request was written (OnWritten), and WritesDone() was
  // not called.
  virtual void Write(SharedBytes request) = 0;
  // No more requests follow: the stream ends when all are answered. REQUIRES: no write is in flight.
  virtual void WritesDone() = 0;
  // Ends the stream soon. May be called more than once, and after OnDone.
  virtual void Cancel() = 0;
};

// Receives what happens on one Consume stream. Methods are called one at a time, except that OnWritten may run
// concurrently with OnMessage; never from inside a call to ConsumeCall.
class ConsumeObserver {
 public:
  virtual ~ConsumeObserver() = default;
  // An encoded v1::ConsumeResponse: one for each Read().
  virtual void OnMessage(SharedBytes message) = 0;
  // The request given to Write() was sent; the next one may be written.
  virtual void OnWritten() = 0;
  // The stream is over: once, last.
  virtual void OnDone(absl::Status status) = 0;
};

// A Consume stream. May be destroyed at any time; the stream goes on until OnDone.
class ConsumeCall {
 public:
  virtual ~ConsumeCall() = default;
  // Asks for the next message. REQUIRES: the message asked for before has arrived.
  virtual void Read() = 0;
  // Sends an encoded v1::ConsumeRequest. REQUIRES: the previous request was written (OnWritten).
  virtual void Write(SharedBytes request) = 0;
  // Ends the stream soon. May be called more than once, and after OnDone.
  virtual void Cancel() = 0;
};

class Connection {
 public:
  virtual ~Connection() = default;

  // Single calls: block until the reply or the deadline.
  virtual absl::StatusOr<v1::AppendResponse> Append(const v1::AppendRequest& request, absl::Time deadline) = 0;
  // The reply is an encoded v1::FetchMissedResponse.
  virtual absl::StatusOr<SharedBytes> FetchMissed(const v1::FetchMissedRequest& request, absl::Time deadline) = 0;
  virtual absl::StatusOr<v1::Instance> GetInstance(const v1::GetInstanceRequest& request, absl::Time deadline) = 0;
  virtual absl::StatusOr<v1::ListInstancesResponse> ListInstances(const v1::ListInstancesRequest& request,
                                                                  absl::Time deadline) = 0;
  virtual absl::Status DeleteInstance(const v1::DeleteInstanceRequest& request, absl::Time deadline) = 0;

  // Streams: return at once, never nullptr. The observer is kept alive until its OnDone has run, and is never called
  // from inside these calls.
  virtual std::shared_ptr<SubscribeCall> Subscribe(const v1::SubscribeRequest& request,
                                                   std::shared_ptr<SubscribeObserver> observer) = 0;
  // Messages are encoded v1::SubscribeManyResponses.
  virtual std::shared_ptr<SubscribeCall> SubscribeMany(const v1::SubscribeManyRequest& request,
                                                       std::shared_ptr<SubscribeObserver> observer) = 0;
  virtual std::shared_ptr<AppendCall> AppendStream(std::shared_ptr<AppendObserver> observer) = 0;
  virtual std::shared_ptr<ConsumeCall> Consume(std::shared_ptr<ConsumeObserver> observer) = 0;
};

}  // namespace playhead

#endif  // PLAYHEAD_CLIENT_CONNECTION_H_
