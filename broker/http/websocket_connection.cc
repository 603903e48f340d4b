#include "broker/http/websocket_connection.h"

#include <simdjson.h>

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <utility>

#include "broker/http/deadline.h"
#include "broker/http/websocket_transport.h"
#include "broker/utf8_prefix.h"

namespace playhead::broker::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using Error = boost::system::error_code;
using asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;
using Handshake = beast::http::request<beast::http::empty_body>;

// How long a client may take to answer a close frame: a stop of the broker waits for it.
constexpr absl::Duration kCloseTimeout = absl::Seconds(1);
// How long a client may take to hang up once the connection is closed, or once it does not read any more. If we hung up
// first, a reset could cost the client the close frame, or us what the client has sent.
constexpr absl::Duration kLingerTimeout = absl::Seconds(2);

// An idle connection keeps at most this much of its read buffer.
constexpr size_t kIdleBufferBytes = size_t{4} << 10;

// A close frame carries up to 125 bytes, of which two are its code (RFC 6455, 5.5 and 5.5.1).
constexpr size_t kCloseReasonBytesMax = 123;

Handshake MakeHandshake(Request request) {
  Handshake handshake;
  static_cast<beast::http::fields&>(handshake) = std::move(request.headers);
  handshake.method(request.method);
  handshake.version(11);
  return handshake;
}

// All members are for the connection's thread, except Post.
template <typename Stream>
class Connection final : public OpenConnection,
                         public WebSocket,
                         public Deadline::Owner,
                         public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(const Limits& limits, IoThread& thread, Stream stream, std::shared_ptr<asio::ssl::context> tls,
             const WebSocketOptions& options, std::shared_ptr<WebSocketHandler> handler,
             absl::AnyInvocable<void(int status)> answered, absl::AnyInvocable<void()> closed)
      : limits_(limits),
        thread_(thread),
        options_(options),
        handler_(std::move(handler)),
        answered_(std::move(answered)),
        closed_(std::move(closed)),
        tls_(std::move(tls)),
        socket_(WebSocketTransport<Stream>(std::move(stream))),
        deadline_(thread.context()) {
    transport().SetOnAppended([this] { OnAppended(); });
  }

  void Start(Request request);

  // WebSocket.
  void SendText(std::string message) override { Send(message, /*text=*/true); }
  void SendBinary(std::string message) override { Send(message, /*text=*/false); }
  void SendPong() override;
  void SendPing(absl::string_view payload) override;
  void Close(CloseCode code, absl::string_view reason) override;
  void Abort() override;
  void Post(absl::AnyInvocable<void()> task) override { thread_.Post(std::move(task)); }

  // OpenConnection. (Abort implements both.)
  void FinishAndClose() override {
    stopping_ = true;
    if (is_open()) handler_->OnStopping();
  }

 private:
  enum class State {
    kAccepting,
    kOpen,
    kClosing,    // Close or Abort was called: the handler sends nothing more.
    kLingering,  // OnClosed was called. The socket stays open until the client closes it, or for kLingerTimeout.
    kEnded,      // The socket is closed.
  };

  // Makes a completion handler of `method`, which does nothing if the connection has ended by then.
  template <typename... Results>
  auto Bind(void (Connection::*method)(Results...)) {
    return [self = this->shared_from_this(), method](Results... results) {
      if (self->state_ != State::kEnded) (self.get()->*method)(results...);
    };
  }

  bool is_open() const { return state_ == State::kOpen; }
  WebSocketTransport<Stream>& transport() { return socket_.next_layer(); }
  bool has_unwritten() { return !being_written_.empty() || transport().appended_bytes() > 0; }

  void SetTimeouts();
  void OnAccepted(Error error);
  void Read();
  void OnRead(Error error, size_t bytes);
  void Send(absl::string_view message, bool text);
  void OnAppended();
  // Writes everything that was appended, unless a write is in progress.
  void Write();
  void OnWritten(Error error, size_t bytes);
  void OnDeadline() override { End(kCloseAbnormal); }
  // A write failed. What the client has sent is still read, for a moment.
  void Break();
  void OnControlSent(Error error);
  void OnPong(std::string payload);
  // Calls OnClosed, once.
  void Finish(CloseCode code);
  // Finish, then closes the socket once the client does, or after kLingerTimeout.
  void Linger(CloseCode code);
  void Drain();
  // Finish, and closes the socket.
  void End(CloseCode code);

  const Limits& limits_;
  IoThread& thread_;
  const WebSocketOptions options_;
  std::shared_ptr<WebSocketHandler> handler_;
  absl::AnyInvocable<void(int status)> answered_;
  absl::AnyInvocable<void()> closed_;
  const std::shared_ptr<asio::ssl::context> tls_;  // Outlives `socket_`.
  websocket::stream<WebSocketTransport<Stream>, /*deflateSupported=*/false> socket_;
  beast::flat_buffer read_buffer_;

  State state_ = State::kAccepting;
  bool stopping_ = false;
  bool broken_ = false;  // A write failed: nothing more is sent.
  bool write_due_ = false;
  std::string being_written_;     // Empty if no write is in progress.
  bool tells_writable_ = false;   // Something was sent since OnWritable.
  bool control_sending_ = false;  // A ping or pong of the handler; Beast accepts one at a time.
  std::optional<websocket::ping_data> next_ping_;
  std::optional<CloseCode> closed_with_;  // The code that the handler gave to Close.

  Deadline deadline_;  // For the write in progress, for the answer to our close frame, or for the client to hang up.
};

template <typename Stream>
void Connection<Stream>::Start(Request request) {
  thread_.Add(this->shared_from_this());
  socket_.read_message_max(options_.message_bytes_max);
  SetTimeouts();
  socket_.async_accept(MakeHandshake(std::move(request)), Bind(&Connection::OnAccepted));
}

template <typename Stream>
void Connection<Stream>::SetTimeouts() {
  websocket::stream_base::timeout timeouts{};
  timeouts.handshake_timeout = absl::ToChronoNanoseconds(limits_.http_handshake_timeout);
  timeouts.idle_timeout = websocket::stream_base::none();
  if (options_.ping_interval) {
    // Beast pings when half of it has passed.
    timeouts.idle_timeout = absl::ToChronoNanoseconds(2 * *options_.ping_interval);
    timeouts.keep_alive_pings = true;
  }
  socket_.set_option(timeouts);
}

template <typename Stream>
void Connection<Stream>::OnAccepted(Error error) {
  // Errors of Beast's own category mean an invalid handshake.
  const bool refused = error.category() == Error(websocket::error::closed).category();
  answered_(refused ? 400 : 101);
  if (error) return End(kCloseAbnormal);
  state_ = State::kOpen;
  // This is called from within a read, where no other operation should begin.
  socket_.control_callback([this](websocket::frame_type kind, beast::string_view payload) {
    if (kind != websocket::frame_type::pong || payload.empty()) return;
    asio::post(thread_.context(), [self = this->shared_from_this(), data = std::string(payload)]() mutable {
      self->OnPong(std::move(data));
    });
  });
  Read();
  handler_->OnOpen(this->shared_from_this());
  if (stopping_ && is_open()) handler_->OnStopping();  // The stop came first.
}

template <typename Stream>
void Connection<Stream>::Read() {
  socket_.async_read(read_buffer_, Bind(&Connection::OnRead));
}

template <typename Stream>
void Connection<Stream>::OnRead(Error error, size_t /*bytes*/) {
  if (error == websocket::error::closed) {
    const auto code = static_cast<CloseCode>(socket_.reason().code);
    return closed_with_ ? End(code) : Linger(code);  // An answer shows that our close frame arrived.
  }
  // Beast has answered a protocol error with a close frame.
  if (error.category() == Error(websocket::error::closed).category()) return Linger(kCloseAbnormal);
  if (error) return End(kCloseAbnormal);
  std::string message = beast::buffers_to_string(read_buffer_.data());
  read_buffer_.consume(read_buffer_.size());
  if (read_buffer_.capacity() > kIdleBufferBytes) read_buffer_.shrink_to_fit();
  if (!is_open()) {  // The connection is closing: its handler gets no more messages.
  } else if (!socket_.got_text()) {
    handler_->OnBinary(std::move(message));
  } else if (simdjson::validate_utf8(message.data(), message.size())) {
    handler_->OnText(std::move(message));
  } else {  // Beast accepts an incomplete character at the end if the last fragment is empty (Boost 1.81).
    Close(kCloseBadPayload, "");
  }
  if (state_ != State::kEnded) Read();
}

template <typename Stream>
void Connection<Stream>::Send(absl::string_view message, bool text) {
  if (!is_open() || broken_ || transport().sealed()) return;
  const size_t unsent_bytes = being_written_.size() + transport().appended_bytes() + message.size();
  if (unsent_bytes > options_.unsent_bytes_max) return Abort();
  tells_writable_ = true;
  transport().AppendMessage(text, message);
}

template <typename Stream>
void Connection<Stream>::OnAppended() {
  if (!being_written_.empty() || std::exchange(write_due_, true)) return;
  // After the current task, so that everything it sends is written together.
  asio::post(thread_.context(), Bind(&Connection::Write));
}

template <typename Stream>
void Connection<Stream>::Write() {
  write_due_ = false;
  if (!being_written_.empty() || transport().appended_bytes() == 0) return;
  // Beast has its own timeout for the handshake.
  if (is_open() || state_ == State::kClosing) deadline_.Set(limits_.http_write_timeout, this->shared_from_this());
  being_written_ = transport().Take();
  asio::async_write(static_cast<Stream&>(transport()), asio::buffer(being_written_), Bind(&Connection::OnWritten));
}

template <typename Stream>
void Connection<Stream>::OnWritten(Error error, size_t /*bytes*/) {
  being_written_ = std::string();
  transport().Complete(error);
  if (state_ >= State::kLingering) return;
  if (transport().broken()) return Break();
  if (has_unwritten()) return Write();
  if (state_ == State::kClosing) return deadline_.Set(kCloseTimeout, this->shared_from_this());
  if (!is_open()) return;
  deadline_.Clear();
  if (std::exchange(tells_writable_, false)) handler_->OnWritable();
}

template <typename Stream>
void Connection<Stream>::Break() {
  if (!is_open()) return End(kCloseAbnormal);  // Nothing that is still read would be used.
  if (std::exchange(broken_, true)) return;
  next_ping_.reset();
  deadline_.Set(kLingerTimeout, this->shared_from_this());
}

template <typename Stream>
void Connection<Stream>::SendPong() {
  if (!is_open() || broken_ || control_sending_) return;
  control_sending_ = true;
  socket_.async_pong({}, Bind(&Connection::OnControlSent));
}

template <typename Stream>
void Connection<Stream>::SendPing(absl::string_view payload) {
  if (!is_open() || broken_) return;
  const websocket::ping_data data(beast::string_view(payload.data(), payload.size()));
  if (control_sending_) {
    next_ping_ = data;
    return;
  }
  control_sending_ = true;
  socket_.async_ping(data, Bind(&Connection::OnControlSent));
}

template <typename Stream>
void Connection<Stream>::OnControlSent(Error error) {
  control_sending_ = false;
  if (state_ == State::kLingering) return;
  if (error) return End(kCloseAbnormal);
  if (transport().broken()) return Break();
  if (!next_ping_ || !is_open()) return;
  const websocket::ping_data data = *std::exchange(next_ping_, std::nullopt);
  control_sending_ = true;
  socket_.async_ping(data, Bind(&Connection::OnControlSent));
}

template <typename Stream>
void Connection<Stream>::OnPong(std::string payload) {
  if (is_open()) handler_->OnPong(std::move(payload));
}

// Beast's async_close is not used: if a read meets a close frame or a protocol error while async_close writes, the two
// wait for each other forever, even after the socket is closed (Boost 1.81).
template <typename Stream>
void Connection<Stream>::Close(CloseCode code, absl::string_view reason) {
  if (!is_open() || transport().sealed()) return;  // Sealed: Beast answers the client's close.
  if (broken_) return Abort();
  state_ = State::kClosing;
  closed_with_ = code;
  transport().AppendClose(code, Utf8Prefix(reason, kCloseReasonBytesMax));
}

template <typename Stream>
void Connection<Stream>::Abort() {
  if (is_open()) state_ = State::kClosing;
  asio::post(thread_.context(), [self = this->shared_from_this()] { self->End(kCloseAbnormal); });
}

template <typename Stream>
void Connection<Stream>::Finish(CloseCode code) {
  // Its own members may hold the socket.
  if (const auto handler = std::exchange(handler_, nullptr)) handler->OnClosed(closed_with_.value_or(code));
}

template <typename Stream>
void Connection<Stream>::Linger(CloseCode code) {
  if (std::exchange(state_, State::kLingering) == State::kLingering) return;
  Finish(code);
  Error ignored;
  beast::get_lowest_layer(socket_).shutdown(tcp::socket::shutdown_send, ignored);
  deadline_.Set(kLingerTimeout, this->shared_from_this());
  Drain();
}

template <typename Stream>
void Connection<Stream>::Drain() {
  read_buffer_.clear();
  beast::get_lowest_layer(socket_).async_read_some(read_buffer_.prepare(kIdleBufferBytes),
                                                   [self = this->shared_from_this()](Error error, size_t) {
                                                     if (self->state_ == State::kEnded) return;
                                                     error ? self->End(kCloseAbnormal) : self->Drain();
                                                   });
}

template <typename Stream>
void Connection<Stream>::End(CloseCode code) {
  const State before = std::exchange(state_, State::kEnded);
  if (before == State::kEnded) return;
  if (before == State::kAccepting) handler_ = nullptr;  // OnOpen was never called.
  Finish(code);
  Error ignored;
  beast::get_lowest_layer(socket_).close(ignored);
  transport().Abandon();
  deadline_.Cancel();
  thread_.Remove(this->shared_from_this());
  closed_();
}

}  // namespace

bool AsksForWebSocket(const Request& request) {
  const auto upgrade = request.Header("Upgrade");
  return upgrade && beast::http::token_list(beast::string_view(upgrade->data(), upgrade->size())).exists("websocket");
}

void StartWebSocket(const Limits& limits, IoThread& thread, tcp::socket stream, std::shared_ptr<asio::ssl::context> tls,
                    Request request, const WebSocketOptions& options, std::shared_ptr<WebSocketHandler> handler,
                    absl::AnyInvocable<void(int status)> answered, absl::AnyInvocable<void()> closed) {
  std::make_shared<Connection<tcp::socket>>(limits, thread, std::move(stream), std::move(tls), options,
                                            std::move(handler), std::move(answered), std::move(closed))
      ->Start(std::move(request));
}

void StartWebSocket(const Limits& limits, IoThread& thread, TlsStream stream, std::shared_ptr<asio::ssl::context> tls,
                    Request request, const WebSocketOptions& options, std::shared_ptr<WebSocketHandler> handler,
                    absl::AnyInvocable<void(int status)> answered, absl::AnyInvocable<void()> closed) {
  std::make_shared<Connection<TlsStream>>(limits, thread, std::move(stream), std::move(tls), options,
                                          std::move(handler), std::move(answered), std::move(closed))
      ->Start(std::move(request));
}

}  // namespace playhead::broker::http
