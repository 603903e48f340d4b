#include "broker/http/connection.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <optional>
#include <type_traits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/http/admission.h"
#include "broker/http/caller_check.h"
#include "broker/http/deadline.h"
#include "broker/http/request_reader.h"
#include "broker/http/response_head.h"
#include "broker/http/streamed_response.h"
#include "broker/http/websocket_connection.h"
#include "broker/log.h"
#include "broker/timer_queue.h"
#include "proto/errors.h"

namespace playhead::broker::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Error = boost::system::error_code;
using Progress = RequestReader::Progress;
using TlsStream = asio::ssl::stream<tcp::socket>;

// The size of a read: usually, and for a body that is known to be long.
constexpr size_t kReadBytes = size_t{4} << 10;
constexpr size_t kBodyReadBytes = size_t{64} << 10;
// An idle connection keeps at most this much of its buffer.
constexpr size_t kIdleBufferBytes = size_t{16} << 10;
// A body up to this size is copied after its head, so that both are written from one buffer.
constexpr size_t kCopiedBodyBytes = size_t{16} << 10;
// While other bodies wait for memory, one that has been granted some must come at this pace: whoever announces a long
// body and does not send it would hold up everybody's.
constexpr absl::Duration kPaceInterval = absl::Seconds(2);
constexpr size_t kPaceBytes = size_t{256} << 10;
// How long to drain what a client still sends.
constexpr absl::Duration kDrainTimeout = absl::Seconds(2);

constexpr absl::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// `Stream` is tcp::socket or TlsStream. All members are for the connection's thread, except those of ResponseSink.
template <typename Stream>
class Connection final : public OpenConnection,
                         public ResponseSink,
                         public StreamedResponse::Owner,
                         public Deadline::Owner,
                         public std::enable_shared_from_this<Connection<Stream>> {
 public:
  template <typename... Args>
  Connection(const ConnectionSettings& settings, IoThread& thread, absl::AnyInvocable<void()> closed,
             std::shared_ptr<asio::ssl::context> tls, Args&&... stream)
      : settings_(settings),
        thread_(thread),
        closed_(std::move(closed)),
        tls_(std::move(tls)),
        stream_(std::forward<Args>(stream)...),
        deadline_(thread.context()),
        reader_(settings.limits.http_header_bytes_max) {}

  void Start();
  void Refuse(const absl::Status& error) {
    Open();
    RefuseAndClose({error, HttpStatus(error)});
  }

  // OpenConnection.
  void FinishAndClose() override;
  void Abort() override { Close(); }

  // ResponseSink.
  void Respond(Response response) override;
  void RespondStreaming(Response head, std::shared_ptr<ResponseStreamHandler> handler) override;
  void AcceptWebSocket(Request request, const WebSocketOptions& options,
                       std::shared_ptr<WebSocketHandler> handler) override;

  // StreamedResponse::Owner.
  void WritePiece(const StreamedResponse::Buffers& buffers) override;
  void WriteEnd(absl::string_view end) override;
  void CloseLater() override;

 private:
  static constexpr bool kTls = std::is_same_v<Stream, TlsStream>;

  enum class Phase { kHandshake, kIdle, kHeader, kBudget, kBody, kHandling, kWriting, kStreaming, kDraining, kClosed };

  // Makes a completion handler of `method`, which does nothing if the connection has been closed by then.
  template <typename... Results>
  auto Bind(void (Connection::*method)(Results...)) {
    return [self = this->shared_from_this(), method](Results... results) {
      if (self->phase_ != Phase::kClosed) (self.get()->*method)(results...);
    };
  }

  void Open();
  void OnHandshake(const Error& error);
  void AnswerPlainText();

  void BeginRequest(absl::Duration timeout);
  void Read();
  void OnRead(const Error& error, size_t bytes);
  void OnEnd();
  void ReadHeader();
  void OnHeader();
  void BeginBody();
  void ReadBody();
  void OnContinueWritten(const Error& error, size_t bytes);
  // Whether memory for the body is granted; if not now, reading continues once it is.
  bool HasBudget();
  void OnBudget(ByteBudget::Grant grant);
  absl::Duration BodyTimeLeft() const { return absl::FromChrono(body_due_ - SteadyNow()); }
  void SetPace();
  // Whether a body with memory may go on; called each kPaceInterval.
  bool KeepsPace();
  void Handle();

  void RefuseAndClose(const Refusal& refusal);
  void Send(Response response);
  Persistence persistence() const;
  void OnWritten(const Error& error, size_t bytes);
  void BeginStream(Response head, std::shared_ptr<ResponseStreamHandler> handler);
  void OnHeadWritten(const Error& error, size_t bytes);
  void OnPieceWritten(const Error& error, const std::shared_ptr<StreamedResponse>& response);
  void Upgrade(Request request, const WebSocketOptions& options, std::shared_ptr<WebSocketHandler> handler);
  void Drain();
  void Close();

  // Enters a phase, which must end within `timeout`.
  void Enter(Phase phase, absl::Duration timeout) {
    phase_ = phase;
    deadline_.Set(timeout, this->shared_from_this());
  }
  void OnDeadline() override;

  tcp::socket& socket() {
    if constexpr (kTls) {
      return stream_.next_layer();
    } else {
      return stream_;
    }
  }

  const ConnectionSettings& settings_;
  IoThread& thread_;
  absl::AnyInvocable<void()> closed_;
  const std::shared_ptr<asio::ssl::context> tls_;  // Outlives `stream_`.
  Stream stream_;
  std::string peer_;
  LocalAddress local_;

  Phase phase_ = Phase::kHandshake;
  bool stopping_ = false;
  Deadline deadline_;  // By when the phase must end.

  // The request.
  RequestReader reader_;
  // A read into the buffer is in progress, so the buffer must not move: nothing is parsed or upgraded before OnRead. A
  // read ahead of the next request only begins while the buffer is empty, so a buffer that is not empty is for parsing.
  bool reading_ = false;
  Admission admission_;        // Once its header has been read.
  bool continue_due_ = false;  // The client waits for 100 Continue.
  ByteBudget::Grant grant_;    // For its body, until it is answered.
  SteadyTime body_due_;        // By when the body must be there.
  size_t paced_bytes_ = 0;     // How much of it was there when the pace was last looked at.

  // The response.
  bool head_only_ = false;
  bool keep_alive_ = false;
  bool http_1_0_ = false;
  bool unread_input_ = false;                   // The client may still be sending a request that is already answered.
  std::string out_;                             // The head, and a short body.
  std::string body_;                            // A long body.
  std::shared_ptr<StreamedResponse> streamed_;  // Set in kStreaming only.
};

template <typename Stream>
void Connection<Stream>::Open() {
  thread_.Add(this->shared_from_this());
  Error ignored;  // A socket without an address is about to end anyway.
  socket().set_option(tcp::no_delay(true), ignored);
  const tcp::endpoint peer = socket().remote_endpoint(ignored);
  peer_ = absl::StrCat(peer.address().to_string(), ":", peer.port());
  const tcp::endpoint local = socket().local_endpoint(ignored);
  local_ = {settings_.listen_host, local.address().to_string(), local.port(), tls_ != nullptr};
}

template <typename Stream>
void Connection<Stream>::Start() {
  Open();
  if constexpr (kTls) {
    Enter(Phase::kHandshake, settings_.limits.http_handshake_timeout);
    stream_.async_handshake(TlsStream::server, Bind(&Connection::OnHandshake));
  } else {
    // A new connection must send a request soon; only one that has sent a request may stay idle.
    BeginRequest(settings_.limits.http_header_timeout);
  }
}

template <typename Stream>
void Connection<Stream>::OnHandshake(const Error& error) {
  if (!error) return BeginRequest(settings_.limits.http_header_timeout);
  // OpenSSL's error for a plain HTTP request.
  if (error.category() == asio::error::get_ssl_category() &&
      ERR_GET_REASON(static_cast<unsigned long>(error.value())) == SSL_R_HTTP_REQUEST) {
    return AnswerPlainText();
  }
  Close();
}

template <typename Stream>
void Connection<Stream>::AnswerPlainText() {
  Response response = JsonError(MakeError(Reason::kMalformedRequest, "this port speaks HTTPS, not HTTP"));
  settings_.counters.Count(nullptr, response.status);
  AppendHead(response, BodyLength::kKnown, Persistence::kClose, thread_.date().Now(), out_);
  out_ += response.body;
  Enter(Phase::kWriting, settings_.limits.http_write_timeout);
  asio::async_write(socket(), asio::buffer(out_),
                    [self = this->shared_from_this()](const Error&, size_t) { self->Close(); });
}

template <typename Stream>
void Connection<Stream>::BeginRequest(absl::Duration timeout) {
  grant_.Release();
  admission_ = {};
  head_only_ = false;
  reader_.Begin();
  Enter(Phase::kIdle, timeout);
  if (reader_.buffer().size() > 0) return ReadHeader();
  if (stopping_) return Close();
  if (reading_) return;  // A read ahead from a stream's time: continues in OnRead.
  if (reader_.buffer().capacity() > kIdleBufferBytes) reader_.buffer().shrink_to_fit();
  Read();
}

template <typename Stream>
void Connection<Stream>::Read() {
  reading_ = true;
  const bool long_body = phase_ == Phase::kBody && reader_.content_length().value_or(kBodyReadBytes) >= kBodyReadBytes;
  stream_.async_read_some(reader_.buffer().prepare(long_body ? kBodyReadBytes : kReadBytes), Bind(&Connection::OnRead));
}

template <typename Stream>
void Connection<Stream>::OnRead(const Error& error, size_t bytes) {
  reading_ = false;
  switch (phase_) {
    case Phase::kIdle:
    case Phase::kHeader:
    case Phase::kBody:
      if (error == asio::error::eof || error == asio::ssl::error::stream_truncated) return OnEnd();
      if (error) return Close();
      reader_.buffer().commit(bytes);
      return phase_ == Phase::kBody ? ReadBody() : ReadHeader();
    case Phase::kStreaming:
      if (error) return Close();  // The client has gone.
      return reader_.buffer().commit(bytes);
    case Phase::kWriting:
      // A read ahead, from a stream or from before a refusal. An error comes again with the next read.
      if (!error) reader_.buffer().commit(bytes);
      return;
    case Phase::kDraining:
      return error ? Close() : Drain();
    case Phase::kHandshake:
    case Phase::kBudget:
    case Phase::kHandling:
    case Phase::kClosed:
      return;
  }
}

template <typename Stream>
void Connection<Stream>::OnEnd() {
  if (phase_ == Phase::kIdle) return Close();
  RefuseAndClose({MakeError(Reason::kMalformedRequest, "the connection ended before the request did"), 400});
}

template <typename Stream>
void Connection<Stream>::ReadHeader() {
  switch (reader_.ReadHeader()) {
    case Progress::kNeedsMore:
      if (phase_ == Phase::kIdle) Enter(Phase::kHeader, settings_.limits.http_header_timeout);
      return Read();
    case Progress::kRefused:
      return RefuseAndClose(reader_.refusal());
    case Progress::kDone:
      return OnHeader();
  }
}

template <typename Stream>
void Connection<Stream>::OnHeader() {
  head_only_ = reader_.method() == Verb::head;
  http_1_0_ = reader_.is_http_1_0();
  keep_alive_ = reader_.keep_alive();
  auto admission = Admit({.method = reader_.method(),
                          .target = reader_.target(),
                          .headers = reader_.headers(),
                          .has_body = reader_.has_body()},
                         settings_.router, settings_.cors_origins, local_, settings_.runs_open());
  if (!admission.ok()) return RefuseAndClose({admission.status(), 400});
  admission_ = *std::move(admission);
  if (!admission_.answer) return BeginBody();
  if (!admission_.error.ok()) LogRefusal("http", admission_.error);
  // The body is not read, so the start of the next request cannot be found.
  unread_input_ = reader_.has_body();
  if (unread_input_) keep_alive_ = false;
  Send(*std::exchange(admission_.answer, std::nullopt));
}

template <typename Stream>
void Connection<Stream>::BeginBody() {
  if (!reader_.has_body()) return Handle();
  continue_due_ = reader_.expects_continue() && reader_.buffer().size() == 0;
  Enter(Phase::kBody, settings_.limits.http_body_timeout);
  body_due_ = SteadyNow() + absl::ToChronoNanoseconds(settings_.limits.http_body_timeout);
  ReadBody();
}

template <typename Stream>
void Connection<Stream>::ReadBody() {
  if (!HasBudget()) return;
  if (std::exchange(continue_due_, false) &&
      reader_.content_length().value_or(0) <= admission_.route->options.body_bytes_max) {
    return asio::async_write(stream_, asio::buffer(kContinue.data(), kContinue.size()),
                             Bind(&Connection::OnContinueWritten));
  }
  switch (reader_.ReadBody(admission_.route->options.body_bytes_max)) {
    case Progress::kNeedsMore:
      return Read();
    case Progress::kRefused:
      return RefuseAndClose(reader_.refusal());
    case Progress::kDone:
      return Handle();
  }
}

template <typename Stream>
void Connection<Stream>::OnContinueWritten(const Error& error, size_t /*bytes*/) {
  if (error) return Close();
  if (phase_ == Phase::kBody) ReadBody();
}

template <typename Stream>
bool Connection<Stream>::HasBudget() {
  const size_t bytes_max = admission_.route->options.body_bytes_max;
  const uint64_t length = reader_.content_length().value_or(reader_.body_bytes());
  // A body that is too long is refused before it takes any memory.
  if (length <= settings_.limits.http_body_bytes_free || length > bytes_max || grant_.bytes() > 0) return true;
  // The length of a chunked body is not known.
  const size_t wanted = reader_.content_length() ? static_cast<size_t>(length) : bytes_max;
  if (auto grant = settings_.body_budget.TryAcquire(wanted)) {
    grant_ = *std::move(grant);
    SetPace();
    return true;
  }
  phase_ = Phase::kBudget;  // Within the body's deadline.
  // A connection that ends in the meantime is not kept until its turn.
  settings_.body_budget.Acquire(wanted, [weak = this->weak_from_this()](ByteBudget::Grant grant) {
    const std::shared_ptr<Connection> self = weak.lock();
    if (self == nullptr) return;
    self->thread_.Post([self, grant = std::move(grant)]() mutable { self->OnBudget(std::move(grant)); });
  });
  return false;
}

template <typename Stream>
void Connection<Stream>::OnBudget(ByteBudget::Grant grant) {
  if (phase_ != Phase::kBudget) return;
  grant_ = std::move(grant);
  phase_ = Phase::kBody;
  SetPace();
  ReadBody();
}

template <typename Stream>
void Connection<Stream>::SetPace() {
  paced_bytes_ = reader_.body_bytes();
  deadline_.Set(std::min(BodyTimeLeft(), kPaceInterval), this->shared_from_this());
}

template <typename Stream>
bool Connection<Stream>::KeepsPace() {
  const bool is_slow = reader_.body_bytes() - paced_bytes_ < kPaceBytes;
  if (BodyTimeLeft() <= absl::ZeroDuration() || (is_slow && settings_.body_budget.waiting() > 0)) return false;
  SetPace();
  return true;
}

template <typename Stream>
void Connection<Stream>::Handle() {
  Request request;
  request.method = reader_.method();
  request.path = std::move(admission_.target.path);
  request.query = std::move(admission_.target.query);
  request.path_parameters = std::move(admission_.path_parameters);
  request.headers = std::move(reader_.headers());
  if (reader_.has_body()) request.body = reader_.TakeBody();
  request.peer = peer_;
  request.secure = local_.secure;
  phase_ = Phase::kHandling;
  deadline_.Clear();  // Handlers have no time limit.
  admission_.route->handler(std::move(request), Responder(this->shared_from_this()));
}

template <typename Stream>
void Connection<Stream>::Respond(Response response) {
  asio::dispatch(thread_.context(), [self = this->shared_from_this(), response = std::move(response)]() mutable {
    if (self->phase_ == Phase::kHandling) self->Send(std::move(response));
  });
}

template <typename Stream>
void Connection<Stream>::RefuseAndClose(const Refusal& refusal) {
  LogRefusal("http", refusal.error);
  keep_alive_ = false;
  unread_input_ = true;
  Send(JsonError(refusal.error, refusal.status));
}

template <typename Stream>
Persistence Connection<Stream>::persistence() const {
  if (!keep_alive_) return Persistence::kClose;
  return http_1_0_ ? Persistence::kKeepAlive : Persistence::kDefault;
}

template <typename Stream>
void Connection<Stream>::Send(Response response) {
  settings_.counters.Count(admission_.route, response.status);
  if (!admission_.page_origin.empty()) AllowOrigin(admission_.page_origin, response);
  if (stopping_) keep_alive_ = false;
  out_.clear();
  AppendHead(response, BodyLength::kKnown, persistence(), thread_.date().Now(), out_);
  body_.clear();
  if (!head_only_ && HasBody(response.status)) {
    if (response.body.size() <= kCopiedBodyBytes) {
      out_ += response.body;
    } else {
      body_ = std::move(response.body);
    }
  }
  Enter(Phase::kWriting, settings_.limits.http_write_timeout);
  asio::async_write(stream_, std::array<asio::const_buffer, 2>{asio::buffer(out_), asio::buffer(body_)},
                    Bind(&Connection::OnWritten));
}

template <typename Stream>
void Connection<Stream>::OnWritten(const Error& error, size_t /*bytes*/) {
  if (error) return Close();
  if (keep_alive_) return BeginRequest(settings_.limits.http_idle_timeout);
  if (stopping_ && !unread_input_) return Close();
  Enter(Phase::kDraining, kDrainTimeout);
  if constexpr (!kTls) {  // Over TLS the response's length and `Connection: close` suffice.
    Error ignored;
    stream_.shutdown(tcp::socket::shutdown_send, ignored);
  }
  Drain();
}

template <typename Stream>
void Connection<Stream>::Drain() {
  if (reading_) return;  // Continues in OnRead.
  reader_.buffer().clear();
  Read();
}

template <typename Stream>
void Connection<Stream>::RespondStreaming(Response head, std::shared_ptr<ResponseStreamHandler> handler) {
  asio::dispatch(thread_.context(),
                 [self = this->shared_from_this(), head = std::move(head), handler = std::move(handler)]() mutable {
                   if (self->phase_ == Phase::kHandling) self->BeginStream(std::move(head), std::move(handler));
                 });
}

template <typename Stream>
void Connection<Stream>::BeginStream(Response head, std::shared_ptr<ResponseStreamHandler> handler) {
  settings_.counters.Count(admission_.route, head.status);
  if (!admission_.page_origin.empty()) AllowOrigin(admission_.page_origin, head);
  // HTTP/1.0 has no chunked coding: the end of the connection ends the body.
  if (stopping_ || http_1_0_) keep_alive_ = false;
  out_.clear();
  const BodyLength length = http_1_0_ ? BodyLength::kUntilClose : BodyLength::kChunked;
  AppendHead(head, length, persistence(), thread_.date().Now(), out_);
  if (head_only_) {
    Enter(Phase::kWriting, settings_.limits.http_write_timeout);
    return asio::async_write(stream_, asio::buffer(out_), Bind(&Connection::OnWritten));
  }
  streamed_ = std::make_shared<StreamedResponse>(*this, thread_, length, std::move(handler));
  Enter(Phase::kStreaming, settings_.limits.http_write_timeout);
  asio::async_write(stream_, asio::buffer(out_), Bind(&Connection::OnHeadWritten));
  // Detects that the client has gone; what it sends ahead is kept for later.
  if (reader_.buffer().size() == 0) Read();
}

template <typename Stream>
void Connection<Stream>::OnHeadWritten(const Error& error, size_t /*bytes*/) {
  if (error) return Close();
  deadline_.Clear();
  const std::shared_ptr<StreamedResponse> response = streamed_;  // It may end within Open.
  response->Open();
  if (stopping_) response->Stop();  // The stop came first.
}

template <typename Stream>
void Connection<Stream>::WritePiece(const StreamedResponse::Buffers& buffers) {
  Enter(Phase::kStreaming, settings_.limits.http_write_timeout);
  asio::async_write(stream_, buffers,
                    [self = this->shared_from_this(), response = streamed_](const Error& error, size_t /*bytes*/) {
                      if (self->phase_ != Phase::kClosed) self->OnPieceWritten(error, response);
                    });
}

template <typename Stream>
void Connection<Stream>::OnPieceWritten(const Error& error, const std::shared_ptr<StreamedResponse>& response) {
  if (error) return Close();
  if (response != streamed_) return;
  deadline_.Clear();
  response->OnWritten();
}

template <typename Stream>
void Connection<Stream>::WriteEnd(absl::string_view end) {
  streamed_ = nullptr;
  Enter(Phase::kWriting, settings_.limits.http_write_timeout);
  asio::async_write(stream_, asio::buffer(end.data(), end.size()), Bind(&Connection::OnWritten));
}

template <typename Stream>
void Connection<Stream>::CloseLater() {
  asio::post(thread_.context(), [self = this->shared_from_this()] { self->Close(); });
}

template <typename Stream>
void Connection<Stream>::AcceptWebSocket(Request request, const WebSocketOptions& options,
                                         std::shared_ptr<WebSocketHandler> handler) {
  asio::dispatch(thread_.context(), [self = this->shared_from_this(), request = std::move(request), options,
                                     handler = std::move(handler)]() mutable {
    if (self->phase_ == Phase::kHandling) self->Upgrade(std::move(request), options, std::move(handler));
  });
}

template <typename Stream>
void Connection<Stream>::Upgrade(Request request, const WebSocketOptions& options,
                                 std::shared_ptr<WebSocketHandler> handler) {
  // A client must wait for the 101 before it sends frames (RFC 6455, 4.1).
  if (reader_.buffer().size() > 0) {
    return RefuseAndClose({MakeError(Reason::kMalformedRequest, "frames before the handshake was answered"), 400});
  }
  if (stopping_) return RefuseAndClose({MakeError(Reason::kShuttingDown, "the broker stops"), 503});
  phase_ = Phase::kClosed;  // For this object: the socket lives on.
  deadline_.Cancel();
  grant_.Release();
  thread_.Remove(this->shared_from_this());
  StartWebSocket(
      settings_.limits, thread_, std::move(stream_), tls_, std::move(request), options, std::move(handler),
      [&counters = settings_.counters, route = admission_.route](int status) { counters.Count(route, status); },
      std::move(closed_));
}

template <typename Stream>
void Connection<Stream>::FinishAndClose() {
  stopping_ = true;
  if (phase_ == Phase::kStreaming) {
    keep_alive_ = false;
    return streamed_->Stop();
  }
  if (phase_ == Phase::kIdle || phase_ == Phase::kHandshake || phase_ == Phase::kDraining) Close();
}

template <typename Stream>
void Connection<Stream>::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  Error ignored;
  socket().close(ignored);
  deadline_.Cancel();
  grant_.Release();
  thread_.Remove(this->shared_from_this());
  if (const auto response = std::exchange(streamed_, nullptr)) response->Close();
  closed_();
}

template <typename Stream>
void Connection<Stream>::OnDeadline() {
  if (phase_ == Phase::kBody && grant_.bytes() > 0 && KeepsPace()) return;
  const bool for_memory = phase_ == Phase::kBudget;
  if (phase_ != Phase::kHeader && phase_ != Phase::kBody && !for_memory) return Close();
  Error ignored;
  socket().cancel(ignored);  // The read in progress.
  RefuseAndClose({MakeError(Reason::kRequestTimeout, for_memory ? "the broker had no memory for the request's body"
                                                                : "the request did not arrive in time"),
                  for_memory ? 503 : 408});
}

}  // namespace

void StartConnection(const ConnectionSettings& settings, IoThread& thread, tcp::socket socket,
                     std::shared_ptr<asio::ssl::context> tls, absl::AnyInvocable<void()> closed) {
  if (tls == nullptr) {
    std::make_shared<Connection<tcp::socket>>(settings, thread, std::move(closed), nullptr, std::move(socket))->Start();
  } else {
    asio::ssl::context& context = *tls;
    std::make_shared<Connection<TlsStream>>(settings, thread, std::move(closed), std::move(tls), std::move(socket),
                                            context)
        ->Start();
  }
}

void StartRefusal(const ConnectionSettings& settings, IoThread& thread, tcp::socket socket, const absl::Status& error,
                  absl::AnyInvocable<void()> closed) {
  std::make_shared<Connection<tcp::socket>>(settings, thread, std::move(closed), nullptr, std::move(socket))
      ->Refuse(error);
}

}  // namespace playhead::broker::http
