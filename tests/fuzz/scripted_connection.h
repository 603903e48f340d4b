// ScriptedConnection: the connection of one request, as an HTTP handler sees it; the test runs every step.
#ifndef PLAYHEAD_TESTS_FUZZ_SCRIPTED_CONNECTION_H_
#define PLAYHEAD_TESTS_FUZZ_SCRIPTED_CONNECTION_H_

#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "absl/strings/string_view.h"
#include "broker/http/responder.h"
#include "broker/http/websocket.h"
#include "tests/fuzz/promise.h"

namespace playhead::fuzz {

// Tasks for the connection's thread wait until RunOne. Not thread-safe.
class ScriptedConnection final : public broker::http::ResponseSink,
                                 public broker::http::ResponseStream,
                                 public broker::http::WebSocket,
                                 public std::enable_shared_from_this<ScriptedConnection> {
 public:
  // False if there was no task.
  bool RunOne() {
    if (tasks_.empty()) return false;
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    task();
    return true;
  }
  // The client closes the connection.
  void Leave() {
    const auto self = shared_from_this();
    if (const auto stream = std::exchange(stream_, nullptr)) stream->OnClosed();
    EndLink(broker::http::kCloseAbnormal);
  }
  // A message from the client. Does nothing unless a WebSocket is open.
  void Say(std::string message, bool binary) {
    const auto self = shared_from_this();
    if (!open_) return;
    binary ? link_->OnBinary(std::move(message)) : link_->OnText(std::move(message));
  }

  // 0 until the request is answered; 101 for a WebSocket.
  int status() const { return status_; }
  const std::string& body() const { return body_; }
  // The messages sent over the WebSocket.
  const std::vector<std::string>& frames() const { return frames_; }

  // ResponseSink.
  void Respond(broker::http::Response response) override {
    Answer(response.status);
    body_ = std::move(response.body);
  }
  void RespondStreaming(broker::http::Response head,
                        std::shared_ptr<broker::http::ResponseStreamHandler> handler) override {
    Answer(head.status);
    stream_ = std::move(handler);
    Post([self = shared_from_this()] {
      if (self->stream_ != nullptr) self->stream_->OnOpen(self);
    });
  }
  void AcceptWebSocket(broker::http::Request, const broker::http::WebSocketOptions&,
                       std::shared_ptr<broker::http::WebSocketHandler> handler) override {
    Answer(101);
    link_ = std::move(handler);
    Post([self = shared_from_this()] {
      if (self->link_ == nullptr) return;
      self->open_ = self->opened_ = true;
      self->link_->OnOpen(self);
    });
  }

  // ResponseStream.
  void Write(std::string bytes) override {
    if (stream_ == nullptr) return;
    Require(!std::exchange(writing_, true), "one piece is written at a time");
    body_ += bytes;
    Post([self = shared_from_this()] {
      self->writing_ = false;
      if (self->stream_ != nullptr) self->stream_->OnWritable();
    });
  }
  void Finish() override {
    if (const auto stream = std::exchange(stream_, nullptr)) stream->OnClosed();
  }

  // WebSocket.
  void SendText(std::string message) override {
    if (!open_) return;
    frames_.push_back(std::move(message));
    if (std::exchange(tells_writable_, true)) return;
    Post([self = shared_from_this()] {
      self->tells_writable_ = false;
      if (self->open_) self->link_->OnWritable();
    });
  }
  void SendBinary(std::string message) override { SendText(std::move(message)); }
  void SendPong() override {}
  void SendPing(absl::string_view) override {}
  void Close(broker::http::CloseCode code, absl::string_view) override {
    if (!std::exchange(open_, false)) return;
    Post([self = shared_from_this(), code] { self->EndLink(code); });
  }

  // ResponseStream and WebSocket.
  void Abort() override {
    open_ = false;
    Post([self = shared_from_this()] { self->Leave(); });
  }
  void Post(absl::AnyInvocable<void()> task) override { tasks_.push_back(std::move(task)); }

 private:
  void Answer(int status) { Require(std::exchange(status_, status) == 0, "a request is answered once"); }
  void EndLink(broker::http::CloseCode code) {
    open_ = false;
    const auto link = std::exchange(link_, nullptr);
    if (link != nullptr && opened_) link->OnClosed(code);
  }

  std::deque<absl::AnyInvocable<void()>> tasks_;
  int status_ = 0;
  std::string body_;
  std::vector<std::string> frames_;
  std::shared_ptr<broker::http::ResponseStreamHandler> stream_;
  bool writing_ = false;
  std::shared_ptr<broker::http::WebSocketHandler> link_;
  bool opened_ = false;
  bool open_ = false;
  bool tells_writable_ = false;
};

}  // namespace playhead::fuzz

#endif  // PLAYHEAD_TESTS_FUZZ_SCRIPTED_CONNECTION_H_
