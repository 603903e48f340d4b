// EventStream: a subscription as a stream of server-sent events.
//
// At any time either a Next of the subscription or a write is in progress. The next delivery is requested once the last
// piece of the previous one was written: what a slow client does not read stays in the log, and a client that reads
// nothing is cut off by the write timeout (Limits::http_write_timeout) and resumes.
#ifndef PLAYHEAD_BROKER_HTTP_API_EVENT_STREAM_H_
#define PLAYHEAD_BROKER_HTTP_API_EVENT_STREAM_H_

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "broker/core.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http/response_stream.h"
#include "broker/http_api/access.h"
#include "broker/http_api/event_stream_text.h"
#include "broker/log.h"
#include "broker/read/delivery.h"
#include "broker/stream_registry.h"
#include "storage/executor.h"

namespace playhead::broker::http_api {

// `Source` is Subscription or ManySubscription. `Frames` turns what it delivers into text:
//   using Delivery = ...;         of the source
//   kOpeningDeliveries            how many of them precede the answer: they reveal a problem with the start
//   void Take(Delivery)           sets the next delivery to turn into text; never Closed
//   void Next(std::string& out)   appends its next piece, or nothing when it is finished
template <typename Source, typename Frames>
class EventStream final : public http::ResponseStreamHandler,
                          public std::enable_shared_from_this<EventStream<Source, Frames>> {
 public:
  using Delivery = typename Frames::Delivery;

  // Answers `request` with the stream that `wanted`, the request of a Source, describes, for `caller`; only once the
  // stream has begun, so that an invalid request is answered with an HTTP status.
  template <typename SourceRequest>
  static void Start(const Core& core, SourceRequest wanted, std::shared_ptr<Caller> caller, Frames frames,
                    http::Request request, http::Responder responder) {
    StreamRegistry::Ticket ticket;
    auto source = Source::StartAdmitted(core, std::move(wanted), std::move(caller), ticket);
    if (!source.ok()) return Refuse(request, source.status(), std::move(responder));
    const auto stream = std::make_shared<EventStream>(*std::move(source), std::move(ticket), std::move(frames));
    Begin(core.executor, stream, std::move(request), std::move(responder));
  }

  EventStream(std::shared_ptr<Source> source, StreamRegistry::Ticket ticket, Frames frames)
      : source_(std::move(source)), ticket_(std::move(ticket)), frames_(std::move(frames)) {}
  // The stream may never be opened, if the client has gone by then.
  ~EventStream() override {
    if (source_ != nullptr) source_->Cancel();
  }

  void OnOpen(std::shared_ptr<http::ResponseStream> stream) override {
    stream_ = std::move(stream);
    Ask();
  }

  void OnWritable() override {
    if (ending_) return stream_->Finish();
    WriteNext();
  }

  void OnStopping() override {}  // The registry ends the subscription, which sends the client an error.

  void OnClosed() override {
    std::exchange(source_, nullptr)->Cancel();
    ticket_ = {};
    stream_ = nullptr;
  }

 private:
  static void Begin(storage::Executor& executor, std::shared_ptr<EventStream> stream, http::Request request,
                    http::Responder responder) {
    Source& source = *stream->source_;
    const bool asked = source.Next([&executor, stream = std::move(stream), request = std::move(request),
                                    responder = std::move(responder)](Delivery delivery) mutable {
      if (const auto* closed = std::get_if<Closed>(&delivery)) {
        return Refuse(request, closed->status, std::move(responder));
      }
      stream->opening_.push_back(std::move(delivery));
      if (stream->opening_.size() == Frames::kOpeningDeliveries) {
        return std::move(responder).Stream(EventStreamHead(), stream);
      }
      // Not within the source's call.
      executor.Post([&executor, stream = std::move(stream), request = std::move(request),
                     responder = std::move(responder)]() mutable {
        Begin(executor, std::move(stream), std::move(request), std::move(responder));
      });
    });
    (void)asked;  // Only this class cancels it before it is open.
  }

  void Ask() {
    if (!opening_.empty()) {
      Delivery delivery = std::move(opening_.front());
      opening_.pop_front();
      return OnDelivery(std::move(delivery));
    }
    // If Next fails because the subscription was cancelled, the stream is closed, too.
    (void)source_->Next([self = this->shared_from_this(), stream = stream_](Delivery delivery) mutable {
      http::ResponseStream& target = *stream;
      target.Post([self = std::move(self), delivery = std::move(delivery)]() mutable {
        if (self->stream_ != nullptr) self->OnDelivery(std::move(delivery));
      });
    });
  }

  void OnDelivery(Delivery delivery) {
    if (const auto* closed = std::get_if<Closed>(&delivery)) {
      LogRefusal("http", closed->status);
      ending_ = true;
      std::string text;
      AppendErrorEvent(closed->status, /*id=*/"", text);
      return stream_->Write(std::move(text));
    }
    frames_.Take(std::move(delivery));
    WriteNext();
  }

  void WriteNext() {
    std::string piece;
    frames_.Next(piece);
    if (piece.empty()) return Ask();
    stream_->Write(std::move(piece));
  }

  std::shared_ptr<Source> source_;  // nullptr once closed.
  StreamRegistry::Ticket ticket_;
  Frames frames_;
  std::deque<Delivery> opening_;                  // Deliveries that came before the stream was open.
  std::shared_ptr<http::ResponseStream> stream_;  // Only set while the stream is open.
  bool ending_ = false;
};

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_EVENT_STREAM_H_
