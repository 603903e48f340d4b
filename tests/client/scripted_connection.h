// A connection whose other end is the test, which waits for the client's calls and answers them step by step.
#ifndef PLAYHEAD_TESTS_CLIENT_SCRIPTED_CONNECTION_H_
#define PLAYHEAD_TESTS_CLIENT_SCRIPTED_CONNECTION_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "client/mocks/mock_connection.h"
#include "playhead/v1/consumers.pb.h"

namespace playhead {

// One subscription attempt, from the broker's side. Methods that wait do so until the client has done its part.
class ScriptedSubscribe : public SubscribeCall {
 public:
  ScriptedSubscribe(v1::SubscribeRequest request, std::shared_ptr<SubscribeObserver> observer)
      : request_(std::move(request)), observer_(std::move(observer)) {}

  const v1::SubscribeRequest& request() const { return request_; }

  // Waits until the client asks for a message, and sends it.
  void Send(const v1::SubscribeResponse& message) { SendBytes(message.SerializeAsString()); }
  void SendBytes(std::string message);
  void SendStarted(uint64_t cursor, uint32_t heartbeat_interval_ms = 10'000);
  // Events with these cursors, of type `type`, whose data is the cursor in decimal.
  void SendEvents(const std::vector<uint64_t>& cursors, absl::string_view type = "t");
  void SendHeartbeat(uint64_t cursor);
  void SendCaughtUp(uint64_t cursor);
  void SendGap(uint64_t after, uint64_t last);
  void End(absl::Status status) { observer_->OnDone(std::move(status)); }

  bool reading() const;  // The client waits for a message.
  bool cancelled() const;
  void WaitUntilCancelled() const;

  void Read() override;
  void Cancel() override;

 private:
  const v1::SubscribeRequest request_;
  const std::shared_ptr<SubscribeObserver> observer_;
  mutable absl::Mutex mu_;
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

// One append stream, from the broker's side.
class ScriptedAppend : public AppendCall {
 public:
  explicit ScriptedAppend(std::shared_ptr<AppendObserver> observer) : observer_(std::move(observer)) {}

  // Waits for the next request and reports it as written.
  v1::AppendRequest Take();
  // Whether a request waits to be taken.
  bool has_request() const;
  // Stores `request`: its first event gets `first_cursor`.
  void Accept(const v1::AppendRequest& request, uint64_t first_cursor, std::vector<uint32_t> duplicates = {});
  void Refuse(const absl::Status& status);
  void End(absl::Status status) { observer_->OnDone(std::move(status)); }

  bool cancelled() const;
  bool writes_done() const;

  void Write(SharedBytes request) override;
  void WritesDone() override;
  void Cancel() override;

 private:
  const std::shared_ptr<AppendObserver> observer_;
  mutable absl::Mutex mu_;
  std::deque<SharedBytes> written_ ABSL_GUARDED_BY(mu_);
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
  bool writes_done_ ABSL_GUARDED_BY(mu_) = false;
};

// One Consume stream, from the broker's side.
class ScriptedConsume : public ConsumeCall {
 public:
  explicit ScriptedConsume(std::shared_ptr<ConsumeObserver> observer) : observer_(std::move(observer)) {}

  // Waits for the next request and reports it as written.
  v1::ConsumeRequest Take();
  // The same, without reporting it: the client sends nothing more until ReportWritten().
  v1::ConsumeRequest TakeUnreported();
  void ReportWritten() { observer_->OnWritten(); }
  bool has_request() const;

  // Waits until the client asks for a message, and sends it.
  void Send(const v1::ConsumeResponse& message);
  // Takes the first request, which must be `open`, and answers that the consumer is held.
  v1::ConsumeRequest::Open Open(uint32_t ack_deadline_ms = 30'000);
  // Events with these cursors, of type `t`, whose data is the cursor in decimal.
  void SendEvents(const std::string& instance, const std::vector<uint64_t>& cursors,
                  const std::vector<uint32_t>& attempts = {});
  void Confirm(uint64_t up_to_number);
  void End(absl::Status status) { observer_->OnDone(std::move(status)); }

  bool reading() const;
  bool cancelled() const;
  void WaitUntilCancelled() const;

  void Read() override;
  void Write(SharedBytes request) override;
  void Cancel() override;

 private:
  const std::shared_ptr<ConsumeObserver> observer_;
  mutable absl::Mutex mu_;
  std::deque<SharedBytes> written_ ABSL_GUARDED_BY(mu_);
  bool reading_ ABSL_GUARDED_BY(mu_) = false;
  bool cancelled_ ABSL_GUARDED_BY(mu_) = false;
};

// Streams as above; single calls as a MockConnection's.
class ScriptedConnection : public MockConnection {
 public:
  // Waits for the client's next attempt.
  std::shared_ptr<ScriptedSubscribe> NextSubscribe();
  std::shared_ptr<ScriptedAppend> NextAppendStream();
  std::shared_ptr<ScriptedConsume> NextConsume();
  // Whether there is an attempt that was not taken.
  bool has_attempt() const;
  // Forgets such attempts: they and the connection hold each other.
  void ForgetAttempts();

  std::shared_ptr<SubscribeCall> Subscribe(const v1::SubscribeRequest& request,
                                           std::shared_ptr<SubscribeObserver> observer) override;
  std::shared_ptr<AppendCall> AppendStream(std::shared_ptr<AppendObserver> observer) override;
  std::shared_ptr<ConsumeCall> Consume(std::shared_ptr<ConsumeObserver> observer) override;

 private:
  mutable absl::Mutex mu_;
  std::deque<std::shared_ptr<ScriptedSubscribe>> subscribes_ ABSL_GUARDED_BY(mu_);
  std::deque<std::shared_ptr<ScriptedAppend>> appends_ ABSL_GUARDED_BY(mu_);
  std::deque<std::shared_ptr<ScriptedConsume>> consumes_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead

#endif  // PLAYHEAD_TESTS_CLIENT_SCRIPTED_CONNECTION_H_
