#include "broker/http/websocket_connection.h"

#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <chrono>
#include <deque>
#include <utility>

namespace playhead::broker::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;
using Error = boost::system::error_code;
using asio::ip::tcp;
using TlsStream = asio::ssl::stream<tcp::socket>;
using Handshake = beast::http::request<beast::http::empty_body>;

// How long a client may take to answer a close: a stop of the broker waits for it.
constexpr absl::Duration kCloseTimeout = absl::Seconds(1);
// How long a client may take to hang up once the connection is closed. Hanging up on it first could cost it the close
// frame, to a reset.
constexpr absl::Duration kLingerTimeout = absl::Seconds(2);

// What an idle connection keeps of its read buffer at most.
constexpr size_t kIdleBufferBytes = size_t{4} << 10;

Handshake MakeHandshake(Request request) {
  Handshake handshake;
  static_cast<beast::http::fields&>(handshake) = std::move(request.headers);
  handshake.method(request.method);
  handshake.version(11);
  return handshake;
}

// The end of the transport is for the connection: Beast by itself would wait for the client without a limit.
template <typename Stream>
class Transport : public Stream {
 public:
  explicit Transport(Stream from) : Stream(std::move(from)) {}
};

// Beast finds it by the type of its argument.
template <typename Stream, typename Handler>
void async_teardown(beast::role_type /*role*/, Transport<Stream>& transport, Handler&& handler) {
  asio::post(transport.get_executor(), beast::bind_front_handler(std::forward<Handler>(handler), Error()));
}

// All members are for the connection's thread, but for Post.
template <typename Stream>
class Connection final : public OpenConnection,
                         public WebSocket,
                         public std::enable_shared_from_this<Connection<Stream>> {
 public:
  Connection(const Limits& limits, IoThread& thread, Stream stream, std::shared_ptr<asio::ssl::context> tls,
             const WebSocketOptions& options, std::shared_ptr<WebSocketHandler> handler,
             absl::AnyInvocable<void()> closed)
      : limits_(limits),
        thread_(thread),
        options_(options),
        handler_(std::move(handler)),
        closed_(std::move(closed)),
        tls_(std::move(tls)),
        socket_(Transport<Stream>(std::move(stream))),
        timer_(thread.context()) {}

  void Start(Request request);

  // WebSocket.
  void SendText(std::string message) override { Send(std::move(message), /*text=*/true); }
  void SendBinary(std::string message) override { Send(std::move(message), /*text=*/false); }
  void SendPong() override;
  void SendPing(absl::string_view payload) override;
  void Close(CloseCode code, absl::string_view reason) override;
  void Abort() override;
  void Post(absl::AnyInvocable<void()> task) override { thread_.Post(std::move(task)); }

  // OpenConnection. (Abort serves both.)
  void FinishAndClose() override {
    if (open_) handler_->OnStopping();
  }

 private:
  struct Message {
    std::string data;
    bool text;
  };

  // Makes a completion handler of `method`, which runs unless the connection has ended meanwhile.
  template <typename... Results>
  auto Bind(void (Connection::*method)(Results...)) {
    return [self = this->shared_from_this(), method](Results... results) {
      if (!self->ended_) (self.get()->*method)(results...);
    };
  }

  void SetTimeouts(absl::Duration handshake_timeout);
  void OnAccepted(Error error);
  void Read();
  void OnRead(Error error, size_t bytes);
  void Send(std::string message, bool text);
  void Write();
  void OnWritten(Error error, size_t bytes);
  void ArmWriteTimer();
  void OnWriteTimer(Error error);
  void BeginClose();
  void OnCloseSent(Error error);
  void OnControlSent(Error error);
  void OnPong(std::string payload);
  // Tells the handler that it is over; once.
  void Finish(CloseCode code);
  // Finish, and hangs up when the client has, or has had the time for it.
  void Linger(CloseCode code);
  void Drain();
  // Finish, and hangs up.
  void End(CloseCode code);

  const Limits& limits_;
  IoThread& thread_;
  const WebSocketOptions options_;
  std::shared_ptr<WebSocketHandler> handler_;
  absl::AnyInvocable<void()> closed_;
  const std::shared_ptr<asio::ssl::context> tls_;  // Outlives `socket_`.
  websocket::stream<Transport<Stream>, /*deflateSupported=*/false> socket_;
  beast::flat_buffer read_buffer_;

  bool open_ = false;  // From the handshake to Close.
  bool lingering_ = false;
  bool ended_ = false;  // The socket is closed.
  bool writing_ = false;
  bool control_sending_ = false;  // A ping or pong of the handler's; Beast takes one at a time.
  std::optional<websocket::ping_data> next_ping_;
  std::deque<Message> unsent_;  // The first one is being written.
  size_t unsent_bytes_ = 0;
  std::optional<websocket::close_reason> closing_;  // Once what is unsent is written.

  // When the write under way must be done. The timer is set for no later than that, and seldom anew.
  std::chrono::steady_clock::time_point write_deadline_;
  asio::steady_timer timer_;
  bool timer_set_ = false;
};

template <typename Stream>
void Connection<Stream>::Start(Request request) {
  thread_.Add(this->shared_from_this());
  socket_.read_message_max(options_.message_bytes_max);
  socket_.auto_fragment(false);
  SetTimeouts(limits_.http_handshake_timeout);
  socket_.async_accept(MakeHandshake(std::move(request)), Bind(&Connection::OnAccepted));
}

template <typename Stream>
void Connection<Stream>::SetTimeouts(absl::Duration handshake_timeout) {
  websocket::stream_base::timeout timeouts{};
  timeouts.handshake_timeout = absl::ToChronoNanoseconds(handshake_timeout);
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
  if (error) {
    handler_ = nullptr;  // It never knew of it.
    return End(kCloseAbnormal);
  }
  open_ = true;
  // Called from within a read, in which nothing else should begin.
  socket_.control_callback([this](websocket::frame_type kind, beast::string_view payload) {
    if (kind != websocket::frame_type::pong || payload.empty()) return;
    asio::post(thread_.context(), [self = this->shared_from_this(), data = std::string(payload)]() mutable {
      self->OnPong(std::move(data));
    });
  });
  Read();
  handler_->OnOpen(this->shared_from_this());
}

template <typename Stream>
void Connection<Stream>::Read() {
  socket_.async_read(read_buffer_, Bind(&Connection::OnRead));
}

template <typename Stream>
void Connection<Stream>::OnRead(Error error, size_t /*bytes*/) {
  if (error == websocket::error::closed) return Linger(static_cast<CloseCode>(socket_.reason().code));
  // What broke the protocol was told so.
  if (error.category() == Error(websocket::error::closed).category()) return Linger(kCloseAbnormal);
  if (error) return End(kCloseAbnormal);
  std::string message = beast::buffers_to_string(read_buffer_.data());
  read_buffer_.consume(read_buffer_.size());
  if (read_buffer_.capacity() > kIdleBufferBytes) read_buffer_.shrink_to_fit();
  if (!open_) {  // It is being closed: what the client says now is not answered.
  } else if (socket_.got_text()) {
    handler_->OnText(std::move(message));
  } else {
    handler_->OnBinary(std::move(message));
  }
  if (!ended_) Read();
}

template <typename Stream>
void Connection<Stream>::Send(std::string message, bool text) {
  if (!open_) return;
  unsent_bytes_ += message.size();
  if (unsent_bytes_ > options_.unsent_bytes_max) return Abort();
  unsent_.push_back({std::move(message), text});
  if (!writing_) Write();
}

template <typename Stream>
void Connection<Stream>::Write() {
  writing_ = true;
  write_deadline_ = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(limits_.http_write_timeout);
  if (!timer_set_) ArmWriteTimer();
  socket_.text(unsent_.front().text);
  socket_.async_write(asio::buffer(unsent_.front().data), Bind(&Connection::OnWritten));
}

template <typename Stream>
void Connection<Stream>::OnWritten(Error error, size_t /*bytes*/) {
  if (lingering_) return;
  if (error) return End(kCloseAbnormal);
  unsent_bytes_ -= unsent_.front().data.size();
  unsent_.pop_front();
  if (!unsent_.empty()) return Write();
  writing_ = false;
  if (closing_) return BeginClose();
  handler_->OnWritable();
}

template <typename Stream>
void Connection<Stream>::ArmWriteTimer() {
  timer_set_ = true;
  timer_.expires_at(write_deadline_);
  timer_.async_wait(Bind(&Connection::OnWriteTimer));
}

template <typename Stream>
void Connection<Stream>::OnWriteTimer(Error /*error*/) {
  timer_set_ = false;
  if (!writing_ || lingering_) return;
  if (std::chrono::steady_clock::now() >= write_deadline_) return End(kCloseAbnormal);
  ArmWriteTimer();
}

template <typename Stream>
void Connection<Stream>::SendPong() {
  if (!open_ || control_sending_) return;
  control_sending_ = true;
  socket_.async_pong({}, Bind(&Connection::OnControlSent));
}

template <typename Stream>
void Connection<Stream>::SendPing(absl::string_view payload) {
  if (!open_) return;
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
  if (error) return lingering_ ? void() : End(kCloseAbnormal);
  if (!next_ping_ || !open_) return;
  const websocket::ping_data data = *std::exchange(next_ping_, std::nullopt);
  control_sending_ = true;
  socket_.async_ping(data, Bind(&Connection::OnControlSent));
}

template <typename Stream>
void Connection<Stream>::OnPong(std::string payload) {
  if (open_) handler_->OnPong(std::move(payload));
}

template <typename Stream>
void Connection<Stream>::Close(CloseCode code, absl::string_view reason) {
  if (!open_) return;
  open_ = false;
  closing_.emplace(static_cast<websocket::close_code>(code), beast::string_view(reason.data(), reason.size()));
  if (!writing_) BeginClose();
}

// Once the client's answer has come, or the time for it has passed, the read under way ends.
template <typename Stream>
void Connection<Stream>::BeginClose() {
  SetTimeouts(kCloseTimeout);  // Beast takes the one for the handshake for its end, too.
  socket_.async_close(*closing_, Bind(&Connection::OnCloseSent));
}

template <typename Stream>
void Connection<Stream>::OnCloseSent(Error /*error*/) {
  Linger(static_cast<CloseCode>(closing_->code));
}

template <typename Stream>
void Connection<Stream>::Abort() {
  open_ = false;
  asio::post(thread_.context(), [self = this->shared_from_this()] { self->End(kCloseAbnormal); });
}

template <typename Stream>
void Connection<Stream>::Finish(CloseCode code) {
  open_ = false;
  // Its own members may hold the socket.
  if (const auto handler = std::exchange(handler_, nullptr)) handler->OnClosed(code);
}

template <typename Stream>
void Connection<Stream>::Linger(CloseCode code) {
  if (std::exchange(lingering_, true)) return;
  Finish(code);
  Error ignored;
  beast::get_lowest_layer(socket_).shutdown(tcp::socket::shutdown_send, ignored);
  timer_.expires_after(absl::ToChronoNanoseconds(kLingerTimeout));
  timer_.async_wait([self = this->shared_from_this()](Error error) {
    if (!error) self->End(kCloseAbnormal);
  });
  Drain();
}

template <typename Stream>
void Connection<Stream>::Drain() {
  read_buffer_.clear();
  beast::get_lowest_layer(socket_).async_read_some(read_buffer_.prepare(kIdleBufferBytes),
                                                   [self = this->shared_from_this()](Error error, size_t) {
                                                     if (self->ended_) return;
                                                     error ? self->End(kCloseAbnormal) : self->Drain();
                                                   });
}

template <typename Stream>
void Connection<Stream>::End(CloseCode code) {
  if (std::exchange(ended_, true)) return;
  Finish(code);
  Error ignored;
  beast::get_lowest_layer(socket_).close(ignored);
  timer_.cancel();
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
                    absl::AnyInvocable<void()> closed) {
  std::make_shared<Connection<tcp::socket>>(limits, thread, std::move(stream), std::move(tls), options,
                                            std::move(handler), std::move(closed))
      ->Start(std::move(request));
}

void StartWebSocket(const Limits& limits, IoThread& thread, TlsStream stream, std::shared_ptr<asio::ssl::context> tls,
                    Request request, const WebSocketOptions& options, std::shared_ptr<WebSocketHandler> handler,
                    absl::AnyInvocable<void()> closed) {
  std::make_shared<Connection<TlsStream>>(limits, thread, std::move(stream), std::move(tls), options,
                                          std::move(handler), std::move(closed))
      ->Start(std::move(request));
}

}  // namespace playhead::broker::http
