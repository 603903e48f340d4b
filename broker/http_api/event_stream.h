// EventStream: a subscription as a stream of server-sent events.
//
// At any time one thing is under way: a Next of the subscription, or a write. The next delivery is asked for when the
// last piece of the one before is with the client's side: what a slow client does not take stays in the log, and a
// client that takes nothing is cut off by the write timeout (Limits::http_write_timeout) and resumes.
#ifndef PLAYHEAD_BROKER_HTTP_API_EVENT_STREAM_H_
#define PLAYHEAD_BROKER_HTTP_API_EVENT_STREAM_H_

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <variant>

#include "broker/core.h"
#include "broker/delivery.h"
#include "broker/http/request.h"
#include "broker/http/responder.h"
#include "broker/http/response_stream.h"
#include "broker/http_api/access.h"
#include "broker/http_api/event_stream_text.h"
#include "broker/log.h"
#include "broker/stream_registry.h"
#include "storage/executor.h"

namespace playhead::broker::http_api {

// `Source` is Subscription or ManySubscription. `Frames` turns what it delivers into text:
//   using Delivery = ...;         of the source
//   kOpeningDeliveries            with how many of them a stream begins: what is wrong with its start is told by then
//   void Take(Delivery)           the next to turn into text; never Closed
//   void Next(std::string& out)   appends its next piece; nothing when there is none left
template <typename Source, typename Frames>
class EventStream final : public http::ResponseStreamHandler,
                          public std::enable_shared_from_this<EventStream<Source, Frames>> {
 public:
  using Delivery = typename Frames::Delivery;

  // Answers `request` with the stream of `source`, of `caller`: once it has begun, so that what is wrong with the
  // request is a status.
  static void Start(const Core& core, std::shared_ptr<Source> source, std::shared_ptr<Caller> caller, Frames frames,
                    http::Request request, http::Responder responder) {
    auto ticket = core.streams.Admit(source, std::move(caller));
    if (!ticket.ok()) {
      source->Cancel();
      return Refuse(request, ticket.status(), std::move(responder));
    }
    const auto stream = std::make_shared<EventStream>(source, *std::move(ticket), std::move(frames));
    Begin(core.executor, stream, std::move(request), std::move(responder));
  }

  EventStream(std::shared_ptr<Source> source, StreamRegistry::Ticket ticket, Frames frames)
      : source_(std::move(source)), ticket_(std::move(ticket)), frames_(std::move(frames)) {}
  // It may never be opened: the client has gone meanwhile.
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

  void OnStopping() override {}  // The registry ends the subscription, which is told to the client.

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
      // Not inside the source's call.
      executor.Post([&executor, stream = std::move(stream), request = std::move(request),
                     responder = std::move(responder)]() mutable {
        Begin(executor, std::move(stream), std::move(request), std::move(responder));
      });
    });
    (void)asked;  // Nobody else cancels it before it is open.
  }

  void Ask() {
    if (!opening_.empty()) {
      Delivery delivery = std::move(opening_.front());
      opening_.pop_front();
      return OnDelivery(std::move(delivery));
    }
    // A Next that finds the subscription cancelled finds the stream closed, too.
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
      AppendErrorEvent(closed->status, text);
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

  std::shared_ptr<Source> source_;  // nullptr once it is closed.
  StreamRegistry::Ticket ticket_;
  Frames frames_;
  std::deque<Delivery> opening_;                  // What came before it was open.
  std::shared_ptr<http::ResponseStream> stream_;  // nullptr before it is open and once it is closed.
  bool ending_ = false;
};

}  // namespace playhead::broker::http_api

#endif  // PLAYHEAD_BROKER_HTTP_API_EVENT_STREAM_H_
