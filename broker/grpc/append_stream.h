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

// One stream. Requests are submitted as they are read, within the stream's window (Limits::append_stream_requests_max
// and _bytes_max, replies not yet taken included) and as far as the append budget goes: beyond that the stream just
// reads slower. Replies go out in order, one write at a time, buffered together while more are ready.
//
// Replies that the client does not take draw on a budget that all streams share (Limits::append_reply_budget_bytes),
// from before the append. A stream that gets nothing of it goes on without, one request at a time.
//
// The caller is checked once for the stream, the instance for every request. The rates of a key and of an instance slow
// the stream down: it reads on when they allow. What an instance may store refuses the request, unless it repeats what
// is stored.
//
// After the first refusal nothing more is read; what was read behind it is answered with PREVIOUS_FAILED, and the
// stream ends with the first refusal's status. A client that goes away does not take accepted appends back.
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

  // Reads nothing more, answers what was read, and ends with `status`.
  void Close(absl::Status status) override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct Reply {
    grpc::ByteBuffer message;
    size_t request_bytes;
    ByteBudget::Grant grant;  // For the message.
  };

  enum class Action { kNone, kRead, kWrite, kWriteBuffered, kFinish };

  // Starts whatever can be started. One thread at a time does, so that nothing is started behind Finish.
  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  Action Decide() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  bool MayRead() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status FinalStatus() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Lets the caller in, or sees to it that the stream is refused.
  void Enter() ABSL_LOCKS_EXCLUDED(mu_);
  // Takes up a request that the budget has granted: checks it, and submits it or has it answered.
  void Submit(grpc::ByteBuffer request, ByteBudget::Grant grant) ABSL_LOCKS_EXCLUDED(mu_);
  absl::StatusOr<storage::AppendBatch> Parse(const grpc::ByteBuffer& request);
  // Counts it against the limits of the key and the instance.
  void Charge(absl::StatusOr<storage::AppendBatch> batch, size_t request_bytes, ByteBudget::Grant grant)
      ABSL_LOCKS_EXCLUDED(mu_);
  // `delay`: how long the stream must not read on.
  void OnChecked(absl::StatusOr<storage::AppendBatch> batch, size_t request_bytes, ByteBudget::Grant grant,
                 absl::Duration delay) ABSL_LOCKS_EXCLUDED(mu_);
  void OnAppended(size_t request_bytes, const absl::StatusOr<storage::AppendResult>& result,
                  ByteBudget::Grant reply_grant) ABSL_LOCKS_EXCLUDED(mu_);
  // Answers the request that could not be submitted, once those before it are answered.
  void AnswerInvalid() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void AddReply(grpc::ByteBuffer message, size_t request_bytes, ByteBudget::Grant grant = {})
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Forget(size_t request_bytes) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void StopWriting() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  // Stops reading for `delay`. Does nothing if that is not positive.
  void Pause(absl::Duration delay) ABSL_LOCKS_EXCLUDED(mu_);

  const Core core_;
  grpc::CallbackServerContext& context_;
  const std::unique_ptr<storage::AppendSession> session_;
  std::shared_ptr<Caller> caller_;  // nullptr if it was refused.
  StreamRegistry::Ticket ticket_;
  std::string last_instance_;           // The last that the caller was found to cover. Of the request in hand.
  std::shared_ptr<AppendStream> self_;  // Until gRPC is done with it.
  grpc::ByteBuffer incoming_;           // gRPC reads into it while `reading_`.
  grpc::ByteBuffer outgoing_;           // gRPC writes from it while `writing_`.

  absl::Mutex mu_;                             // Guards the members below it.
  bool running_ ABSL_GUARDED_BY(mu_) = false;  // A thread is in Run.
  bool reading_ ABSL_GUARDED_BY(mu_) = false;  // From StartRead until the request is submitted.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool wrote_ ABSL_GUARDED_BY(mu_) = false;         // A first reply is written, and the initial metadata with it.
  bool read_closed_ ABSL_GUARDED_BY(mu_) = false;   // The client sends no more.
  bool write_failed_ ABSL_GUARDED_BY(mu_) = false;  // The client takes no more.
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  bool paused_ ABSL_GUARDED_BY(mu_) = false;
  TimerQueue::Id pause_timer_ ABSL_GUARDED_BY(mu_);

  size_t requests_ ABSL_GUARDED_BY(mu_) = 0;        // Read and not yet answered.
  size_t request_bytes_ ABSL_GUARDED_BY(mu_) = 0;   // Of these.
  size_t submitted_ ABSL_GUARDED_BY(mu_) = 0;       // Of these, with the log.
  std::deque<Reply> replies_ ABSL_GUARDED_BY(mu_);  // Of these, to be written.
  size_t writing_request_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  ByteBudget::Grant writing_grant_ ABSL_GUARDED_BY(mu_);
  bool has_unpaid_reply_ ABSL_GUARDED_BY(mu_) = false;  // Until every request that was read is answered.

  absl::Status invalid_ ABSL_GUARDED_BY(mu_);  // Why the last request read was not submitted; it is not answered yet.
  size_t invalid_request_bytes_ ABSL_GUARDED_BY(mu_) = 0;
  absl::Status refusal_ ABSL_GUARDED_BY(mu_);  // The first.
  absl::Status closing_ ABSL_GUARDED_BY(mu_);  // Why the broker ends the stream.
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_APPEND_STREAM_H_
