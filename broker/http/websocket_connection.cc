#include "broker/http/websocket_connection.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/bind_executor.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/post.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <deque>
#include <utility>

#include "broker/http/deadline.h"

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
// How long a client may take to hang up once the connection is closed, or once it takes nothing any more. Hanging up on
// it first could cost it the close frame, to a reset, or us what it has sent.
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

// What Beast writes through, and reads from.
//
// The end of the transport is for the connection: Beast by itself would wait for the client without a limit. And a
// write that fails says nothing of what can still be read: Beast would read nothing after it, so it is told that all is
// well.
template <typename Stream>
class Transport : public Stream {
 public:
  explicit Transport(Stream from) : Stream(std::move(from)) {}

  // A write has failed: the client gets nothing any more.
  bool broken() const { return broken_; }

  template <typename Buffers, typename Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    const size_t size = asio::buffer_size(buffers);
    const auto executor = asio::get_associated_executor(handler, this->get_executor());
    if (broken_) return asio::post(executor, beast::bind_front_handler(std::forward<Handler>(handler), Error(), size));
    auto written = [this, size, handler = std::forward<Handler>(handler)](Error error, size_t bytes) mutable {
      broken_ = broken_ || error;
      std::move(handler)(Error(), error ? size : bytes);
    };
    Stream::async_write_some(buffers, asio::bind_executor(executor, std::move(written)));
  }

 private:
  bool broken_ = false;
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
        socket_(Transport<Stream>(std::move(stream))),
        deadline_(thread.context()) {}

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
    stopping_ = true;
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
  void OnDeadline() override { End(kCloseAbnormal); }
  // The client takes nothing any more. What it has sent is still read, for a moment.
  void Break();
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
  absl::AnyInvocable<void(int status)> answered_;
  absl::AnyInvocable<void()> closed_;
  const std::shared_ptr<asio::ssl::context> tls_;  // Outlives `socket_`.
  websocket::stream<Transport<Stream>, /*deflateSupported=*/false> socket_;
  beast::flat_buffer read_buffer_;

  bool open_ = false;  // From the handshake to Close.
  bool stopping_ = false;
  bool broken_ = false;  // Nothing is sent any more.
  bool lingering_ = false;
  bool ended_ = false;  // The socket is closed.
  bool writing_ = false;
  bool control_sending_ = false;  // A ping or pong of the handler's; Beast takes one at a time.
  std::optional<websocket::ping_data> next_ping_;
  std::deque<Message> unsent_;  // The first one is being written.
  size_t unsent_bytes_ = 0;
  std::optional<websocket::close_reason> closing_;  // Once what is unsent is written.

  Deadline deadline_;  // Of the write under way, or of the client's hanging up.
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
  // Beast's own errors are what is wrong with the handshake.
  const bool refused = error.category() == Error(websocket::error::closed).category();
  answered_(refused ? 400 : 101);
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
  if (stopping_ && open_) handler_->OnStopping();  // The stop came before.
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
  if (!open_ || broken_) return;
  unsent_bytes_ += message.size();
  if (unsent_bytes_ > options_.unsent_bytes_max) return Abort();
  unsent_.push_back({std::move(message), text});
  if (!writing_) Write();
}

template <typename Stream>
void Connection<Stream>::Write() {
  writing_ = true;
  deadline_.Set(limits_.http_write_timeout, this->shared_from_this());
  socket_.text(unsent_.front().text);
  socket_.async_write(asio::buffer(unsent_.front().data), Bind(&Connection::OnWritten));
}

template <typename Stream>
void Connection<Stream>::OnWritten(Error error, size_t /*bytes*/) {
  if (lingering_) return;
  if (error) return End(kCloseAbnormal);
  if (socket_.next_layer().broken()) {
    unsent_.clear();
    return Break();
  }
  unsent_bytes_ -= unsent_.front().data.size();
  unsent_.pop_front();
  if (!unsent_.empty()) return Write();
  writing_ = false;
  deadline_.Clear();
  if (closing_) return BeginClose();
  handler_->OnWritable();
}

template <typename Stream>
void Connection<Stream>::Break() {
  if (!open_) return End(kCloseAbnormal);  // Nobody listens any more.
  if (std::exchange(broken_, true)) return;
  next_ping_.reset();
  deadline_.Set(kLingerTimeout, this->shared_from_this());
}

template <typename Stream>
void Connection<Stream>::SendPong() {
  if (!open_ || broken_ || control_sending_) return;
  control_sending_ = true;
  socket_.async_pong({}, Bind(&Connection::OnControlSent));
}

template <typename Stream>
void Connection<Stream>::SendPing(absl::string_view payload) {
  if (!open_ || broken_) return;
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
  if (lingering_) return;
  if (error) return End(kCloseAbnormal);
  if (socket_.next_layer().broken()) return Break();
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
  if (broken_) return Abort();
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
  deadline_.Set(kLingerTimeout, this->shared_from_this());
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
