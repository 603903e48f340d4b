// Consumers.Consume: a holder of a consumer, framed as a gRPC stream in both directions.
#ifndef PLAYHEAD_BROKER_GRPC_CONSUME_STREAM_H_
#define PLAYHEAD_BROKER_GRPC_CONSUME_STREAM_H_

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "broker/auth/caller.h"
#include "broker/consumers/consumer_registry.h"
#include "broker/consumers/holder.h"
#include "broker/core.h"
#include "broker/grpc/instance_numbers.h"
#include "broker/grpc/settle_window.h"
#include "broker/grpc/stalled_calls.h"
#include "broker/stream_registry.h"
#include "playhead/v1/consumers.pb.h"
#include "storage/event_log.h"

namespace playhead::broker {

// One stream. Each direction has one operation in progress at a time.
//
// Inbound, the next request is read when the previous one was handled and the unanswered settlements leave room
// (Limits::consume_settle_requests_max and _bytes_max), so a client that settles faster than the disk can write is read
// more slowly. Outbound, the stream either asks the holder for its next delivery or writes it, with answers to
// settlements in between, so a client that does not read leaves one message and a bounded window pending. The deadlines
// of events start when their write is done.
//
// The holder is released as soon as the stream begins to end, so that its events are redelivered. Settlements that were
// handled by then count, and are answered if the client still reads.
class ConsumeStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>,
                            public ClosableStream,
                            public std::enable_shared_from_this<ConsumeStream> {
 public:
  static grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* Start(const Core& core,
                                                                            ConsumerRegistry& consumers,
                                                                            StalledCalls& stalled_calls,
                                                                            grpc::CallbackServerContext& context);

  ConsumeStream(const Core& core, ConsumerRegistry& consumers, StalledCalls& stalled_calls,
                grpc::CallbackServerContext& context);

  void OnReadDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnWriteDone(bool ok) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnCancel() override ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone() override;

  // Stops reading and delivering, answers the requests that were read, and ends with `status`.
  void Close(absl::Status status) override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  enum class Action { kNone, kRead, kWrite, kAsk, kLetGo, kFinish };

  // An encoded delivery.
  struct Message {
    grpc::ByteBuffer bytes;
    uint64_t batch = 0;  // The batch whose deadlines start when the message is written; 0 for none.
  };

  // Starts every operation that can start. Only one thread at a time does this, so nothing starts after Finish.
  void Run() ABSL_LOCKS_EXCLUDED(mu_);
  Action Decide() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  void Act(Action action) ABSL_LOCKS_EXCLUDED(mu_);
  bool ending() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return read_closed_ || write_failed_ || !closing_.ok(); }
  // REQUIRES: the consumer was opened.
  std::shared_ptr<ConsumerHolder> holder() const ABSL_LOCKS_EXCLUDED(mu_);
  // Moves the message to write next into `outgoing_`. False if there is none.
  bool TakeOutgoing() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);
  absl::Status FinalStatus() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  // Admits the caller, or makes the stream end with the refusal.
  void Enter() ABSL_LOCKS_EXCLUDED(mu_);

  // Requests. Each of these ends in EndRequest or Close, now or later.
  absl::Status TakeUp(const grpc::ByteBuffer& buffer) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status Open(const v1::ConsumeRequest::Open& request) ABSL_LOCKS_EXCLUDED(mu_);
  void Hold(const std::string& consumer, HolderOptions options) ABSL_LOCKS_EXCLUDED(mu_);
  absl::Status AddCredit(const v1::ConsumeRequest::Credit& request) ABSL_LOCKS_EXCLUDED(mu_);
  void Settle(v1::ConsumeRequest::Settle request) ABSL_LOCKS_EXCLUDED(mu_);
  void SettleFound(const v1::ConsumeRequest::Settle& request, const InstanceNumbers::Found& numbers)
      ABSL_LOCKS_EXCLUDED(mu_);
  void OnConfirmed(uint64_t number, const absl::Status& status) ABSL_LOCKS_EXCLUDED(mu_);
  void EndRequest() ABSL_LOCKS_EXCLUDED(mu_);

  // Deliveries.
  void OnDelivery(HolderDelivery delivery) ABSL_LOCKS_EXCLUDED(mu_);

  const Core core_;
  ConsumerRegistry& consumers_;
  grpc::CallbackServerContext& context_;
  std::shared_ptr<Caller> caller_;  // nullptr if it was refused.
  StreamRegistry::Ticket ticket_;
  std::optional<StalledCalls::Watch> watch_;  // Set until OnDone.
  std::shared_ptr<ConsumeStream> self_;       // Set until OnDone.
  grpc::ByteBuffer incoming_;                 // gRPC reads into it while `reading_`.
  Message outgoing_;                          // gRPC writes from it while `writing_`.
  const std::shared_ptr<InstanceNumbers> numbers_;
  bool manual_credit_ = false;  // Set by the first request, read by later ones.
  bool created_ = false;        // The first request created the consumer. Read by deliveries.
  bool one_instance_ = false;   // The consumer reads one instance. Set by the first delivery, read by later ones.

  mutable absl::Mutex mu_;                     // Guards the members below it.
  bool running_ ABSL_GUARDED_BY(mu_) = false;  // A thread is in Run.
  bool reading_ ABSL_GUARDED_BY(mu_) = false;  // From StartRead until the request is handled.
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool asking_ ABSL_GUARDED_BY(mu_) = false;  // A Next of the holder is outstanding.
  bool asked_to_open_ ABSL_GUARDED_BY(mu_) = false;
  bool opened_ ABSL_GUARDED_BY(mu_) = false;        // The first response is being written, or was.
  bool read_closed_ ABSL_GUARDED_BY(mu_) = false;   // The client has half-closed, or is gone.
  bool write_failed_ ABSL_GUARDED_BY(mu_) = false;  // Nothing more can be written.
  bool let_go_ ABSL_GUARDED_BY(mu_) = false;        // The holder was cancelled, or has delivered Closed.
  bool held_back_ ABSL_GUARDED_BY(mu_) = false;     // The refusal is delayed; nothing is read until then.
  bool finished_ ABSL_GUARDED_BY(mu_) = false;
  absl::Status closing_ ABSL_GUARDED_BY(mu_);  // Why the broker ends the stream.

  std::shared_ptr<ConsumerHolder> holder_ ABSL_GUARDED_BY(mu_);
  std::optional<Message> due_ ABSL_GUARDED_BY(mu_);  // The next delivery to write.
  bool answered_last_ ABSL_GUARDED_BY(mu_) = false;  // The last write was an answer, so a delivery is next.
  SettleWindow window_ ABSL_GUARDED_BY(mu_);
  // The instance of a consumer of one instance, which settlements need not name.
  std::optional<storage::InstanceNumber> own_instance_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::broker

#endif  // PLAYHEAD_BROKER_GRPC_CONSUME_STREAM_H_
