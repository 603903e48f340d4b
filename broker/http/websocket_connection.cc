#include "broker/http/websocket_connection.h"

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

  // OpenConnection. (Abort serves both.)
  void FinishAndClose() override {
    stopping_ = true;
    if (open_) handler_->OnStopping();
  }

 private:
  // Makes a completion handler of `method`, which runs unless the connection has ended meanwhile.
  template <typename... Results>
  auto Bind(void (Connection::*method)(Results...)) {
    return [self = this->shared_from_this(), method](Results... results) {
      if (!self->ended_) (self.get()->*method)(results...);
    };
  }

  WebSocketTransport<Stream>& transport() { return socket_.next_layer(); }
  bool has_unwritten() { return !being_written_.empty() || transport().appended_bytes() > 0; }

  void SetTimeouts(absl::Duration handshake_timeout);
  void OnAccepted(Error error);
  void Read();
  void OnRead(Error error, size_t bytes);
  void Send(absl::string_view message, bool text);
  void OnAppended();
  // Begins to write all that was appended, unless a write is under way.
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
  websocket::stream<WebSocketTransport<Stream>, /*deflateSupported=*/false> socket_;
  beast::flat_buffer read_buffer_;

  bool open_ = false;  // From the handshake to Close.
  bool stopping_ = false;
  bool broken_ = false;  // Nothing is sent any more.
  bool lingering_ = false;
  bool ended_ = false;  // The socket is closed.
  bool write_due_ = false;
  std::string being_written_;     // Empty if no write is under way.
  bool tells_writable_ = false;   // Something was sent since OnWritable.
  bool control_sending_ = false;  // A ping or pong of the handler's; Beast takes one at a time.
  std::optional<websocket::ping_data> next_ping_;
  std::optional<websocket::close_reason> closing_;
  bool close_due_ = false;  // Once what is unwritten is written.

  Deadline deadline_;  // Of the write under way, or of the client's hanging up.
};

template <typename Stream>
void Connection<Stream>::Start(Request request) {
  thread_.Add(this->shared_from_this());
  socket_.read_message_max(options_.message_bytes_max);
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
void Connection<Stream>::Send(absl::string_view message, bool text) {
  if (!open_ || broken_ || transport().sealed()) return;
  const size_t unsent_bytes = being_written_.size() + transport().appended_bytes() + message.size();
  if (unsent_bytes > options_.unsent_bytes_max) return Abort();
  tells_writable_ = true;
  transport().AppendMessage(text, message);
}

template <typename Stream>
void Connection<Stream>::OnAppended() {
  if (!being_written_.empty() || std::exchange(write_due_, true)) return;
  // Behind the task under way, so that all that it sends goes together.
  asio::post(thread_.context(), Bind(&Connection::Write));
}

template <typename Stream>
void Connection<Stream>::Write() {
  write_due_ = false;
  if (!being_written_.empty() || transport().appended_bytes() == 0) return;
  // For the handshake and for the close frame Beast has a timeout.
  if (open_ || close_due_) deadline_.Set(limits_.http_write_timeout, this->shared_from_this());
  being_written_ = transport().Take();
  asio::async_write(static_cast<Stream&>(transport()), asio::buffer(being_written_), Bind(&Connection::OnWritten));
}

template <typename Stream>
void Connection<Stream>::OnWritten(Error error, size_t /*bytes*/) {
  being_written_ = std::string();
  transport().Complete(error);
  if (lingering_ || ended_) return;
  if (transport().broken()) return Break();
  if (has_unwritten()) return Write();
  if (std::exchange(close_due_, false)) return BeginClose();
  if (!open_) return;
  deadline_.Clear();
  if (std::exchange(tells_writable_, false)) handler_->OnWritable();
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
  if (transport().broken()) return Break();
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
  close_due_ = has_unwritten();
  if (!close_due_) BeginClose();
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
