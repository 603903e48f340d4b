// EventLog.AppendStream: pipelined appends, with replies in order.
#ifndef PLAYHEAD_BROKER_GRPC_APPEND_STREAM_H_
#define PLAYHEAD_BROKER_GRPC_APPEND_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <deque>
#include <memory>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/auth/caller.h"
#include "broker/byte_budget.h"
#include "broker/core.h"
#include "broker/stream_registry.h"
#include "broker/timer_queue.h"
#include "storage/event_log.h"

namespace playhead::broker {

// One stream. Requests are submitted as they are read, as far as the stream's window
// (Limits::append_stream_requests_max and _bytes_max, including replies that the client has not taken) and the append
// budget allow; beyond that the stream is read more slowly. Replies are written in order, one write at a time, and
// buffered together while more are ready.
//
// Replies that the client has not taken are charged to a budget that all streams share
// (Limits::append_reply_budget_bytes), before the append. A stream that gets no grant continues without one, one
// request at a time.
//
// The caller is checked once per stream, the instance for every request. When a rate limit of the key or of the
// instance is exceeded, the stream pauses reading. When the instance's storage limit is exceeded, the request is
// refused, unless it repeats stored events.
//
// After the first refusal nothing more is read, the requests that were read after it are answered with PREVIOUS_FAILED,
// and the stream ends with the status of the first refusal. Accepted appends are not cancelled when the client goes
// away.
class AppendStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                           public ClosableStream,
                           public std::enable_shared_from_this<AppendStream> {
 public:
  static grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Start(const Core& core,
                                                                            grpc::CallbackServerContext& context);

  AppendStream(const Core& core, grpc::CallbackServerContext& context);

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone() override;

  // Stops reading, answers the requests that were read, and ends with `status`.
  void Close(absl::Status status) override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Reply {
    grpc::ByteBuffer message;
    size_t request_bytes;
    ByteBudget::Grant grant;  // For the message.
  };

  enum class Action { kNone, kRead, kWrite, kWriteBuffered, kFinish };

  // Starts every operation that can start. Only one thread at a time does this, so nothing starts after Finish.
  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  Action Decide() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool MayRead() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status FinalStatus() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Admits the caller, or makes the stream end with the refusal.
  void Enter() ABSL_LOCKS_EXCLUDED(mu_);
  // Checks a request for which the budget has granted memory, and submits it or has it answered.
  void Submit(grpc::ByteBuffer request, ByteBudget::Grant grant) ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<storage::AppendBatch> Parse(const grpc::ByteBuffer& request);
  // Charges the batch to the limits of the key and the instance.
  void Charge(absl::StatusOr<storage::AppendBatch> batch, size_t request_bytes, ByteBudget::Grant grant)
      ABSL_LOCKS_EXCLUDED(mu_);
  // `delay` is how long the stream must pause reading.
  void OnChecked(absl::StatusOr<storage::AppendBatch> batch, size_t request_bytes, ByteBudget::Grant grant,
                 absl::Duration delay) ABSL_LOCKS_EXCLUDED(mu_);
  void OnAppended(size_t request_bytes, const absl::StatusOr<storage::AppendResult>& result,
                  ByteBudget::Grant reply_grant) ABSL_LOCKS_EXCLUDED(mu_);
  // Answers the request that could not be submitted, once all earlier requests are answered.
  void AnswerInvalid() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddReply(grpc::ByteBuffer message, size_t request_bytes, ByteBudget::Grant grant = {})
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Forget(size_t request_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void StopWriting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Pauses reading for `delay`. Does nothing if `delay` is not positive.
  void Pause(absl::Duration delay) ABSL_LOCKS_EXCLUDED(mu_);

  const Core core_;
  grpc::CallbackServerContext& context_;
  const std::unique_ptr<storage::AppendSession> session_;
  std::shared_ptr<Caller> caller_;  // nullptr if it was refused.
  StreamRegistry::Ticket ticket_;
  std::string last_instance_;           // The last one that passed the caller's check. Used only by Parse.
  std::shared_ptr<AppendStream> self_;  // Set until OnDone.
  grpc::ByteBuffer incoming_;           // gRPC reads into it while `reading_`.
  grpc::ByteBuffer outgoing_;           // gRPC writes from it while `writing_`.

  absl::Mutex mu_;                             // Guards the members below it.
  bool running_ ABSL_GUARDED_BY(mu_) = false;  // A thread is in Run.
  bool reading_ ABSL_GUARDED_BY(mu_) = false;  // From StartRead until the request is submitted.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool wrote_ ABSL_GUARDED_BY(mu_) = false;         // The first reply, and with it the initial metadata, was written.
  bool read_closed_ ABSL_GUARDED_BY(mu_) = false;   // The client has half-closed, or is gone.
  bool write_failed_ ABSL_GUARDED_BY(mu_) = false;  // Nothing more can be written.
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  bool paused_ ABSL_GUARDED_BY(mu_) = false;
  TimerQueue::Id pause_timer_ ABSL_GUARDED_BY(mu_);

  size_t requests_ ABSL_GUARDED_BY(mu_) = 0;        // Read and not yet answered.
  size_t request_bytes_ ABSL_GUARDED_BY(mu_) = 0;   // The bytes of `requests_`.
  size_t submitted_ ABSL_GUARDED_BY(mu_) = 0;       // Those of `requests_` that the log has.
  std::deque<Reply> replies_ ABSL_GUARDED_BY(mu_);  // Replies to `requests_` that wait to be written.
  size_t writing_request_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  ByteBudget::Grant writing_grant_ ABSL_GUARDED_BY(mu_);
  bool has_unpaid_reply_ ABSL_GUARDED_BY(mu_) = false;  // Reset when every request that was read is answered.

  absl::Status invalid_ ABSL_GUARDED_BY(mu_);  // Why the last request read was not submitted, until it is answered.
  size_t invalid_request_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status refusal_ ABSL_GUARDED_BY(mu_);  // The first refusal.
  absl::Status closing_ ABSL_GUARDED_BY(mu_);  // Why the broker ends the stream.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_APPEND_STREAM_H_
