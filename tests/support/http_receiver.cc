#include "tests/support/http_receiver.h"

#include <sys/socket.h>

#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"

namespace playhead::testing {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

HttpReceiver::HttpReceiver(Handler handler, const CertificateFiles* tls)
    : handler_(std::move(handler)),
      acceptor_(context_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
      port_(acceptor_.local_endpoint().port()) {
  if (tls != nullptr) {
    tls_ = std::make_unique<asio::ssl::context>(asio::ssl::context::tls_server);
    tls_->use_certificate_chain_file(tls->cert());
    tls_->use_private_key_file(tls->key(), asio::ssl::context::pem);
  }
  acceptor_thread_ = std::thread([this] { Accept(); });
}

HttpReceiver::~HttpReceiver() {
  std::vector<std::thread> threads;
  {
    absl::MutexLock lock(&mu_);
    stopping_ = true;
    shutdown(acceptor_.native_handle(), SHUT_RDWR);
    for (Socket& socket : sockets_) shutdown(socket.native_handle(), SHUT_RDWR);
  }
  acceptor_thread_.join();
  {
    absl::MutexLock lock(&mu_);
    threads = std::move(threads_);
  }
  for (std::thread& thread : threads) thread.join();
}

std::string HttpReceiver::origin() const {
  return tls_ != nullptr ? absl::StrCat("https://localhost:", port_) : absl::StrCat("http://127.0.0.1:", port_);
}

std::vector<HttpReceiver::Request> HttpReceiver::taken() const {
  absl::MutexLock lock(&mu_);
  return taken_;
}

void HttpReceiver::AwaitTaken(size_t count) const {
  const auto there = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return taken_.size() >= count; };
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(&there));
}

size_t HttpReceiver::request_count() const {
  absl::MutexLock lock(&mu_);
  return requests_;
}

void HttpReceiver::AwaitRequests(size_t count) const {
  const auto there = [this, count]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return requests_ >= count; };
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(&there));
}

size_t HttpReceiver::connection_count() const {
  absl::MutexLock lock(&mu_);
  return sockets_.size();
}

void HttpReceiver::Accept() {
  for (;;) {
    boost::system::error_code error;
    Socket socket = acceptor_.accept(error);
    absl::MutexLock lock(&mu_);
    if (error || stopping_) return;
    sockets_.push_back(std::move(socket));
    threads_.emplace_back([this, &mine = sockets_.back()] { Serve(mine); });
  }
}

void HttpReceiver::Serve(Socket& socket) {
  if (tls_ == nullptr) return AnswerAll(socket, socket);
  asio::ssl::stream<Socket&> stream(socket, *tls_);
  boost::system::error_code error;
  stream.handshake(asio::ssl::stream_base::server, error);
  if (!error) AnswerAll(stream, socket);
}

template <typename Stream>
void HttpReceiver::AnswerAll(Stream& stream, Socket& socket) {
  boost::beast::flat_buffer buffer;
  for (bool open = true; open;) {
    http::request<http::string_body> in;
    boost::system::error_code error;
    http::read(stream, buffer, in, error);
    if (error) break;
    Request request{.target = std::string(in.target()), .headers = {}, .body = in.body()};
    for (const auto& field : in) {
      request.headers[absl::AsciiStrToLower(std::string(field.name_string()))] = std::string(field.value());
    }
    const Answer answer = handler_(request);
    {
      absl::MutexLock lock(&mu_);
      ++requests_;
    }
    if (answer.hangs_up) break;
    if (answer.hangs) {
      http::read(stream, buffer, in, error);  // Ends when the client has gone, or the test.
      break;
    }
    http::response<http::string_body> out(static_cast<http::status>(answer.status), in.version());
    if (!answer.location.empty()) out.set(http::field::location, answer.location);
    out.body() = std::string(answer.body_bytes, 'x');
    out.prepare_payload();
    if (answer.status >= 200 && answer.status < 300) {
      absl::MutexLock lock(&mu_);
      taken_.push_back(std::move(request));
    }
    for (int i = 0; i < 2 && answer.has_interim; ++i) {
      http::response<http::empty_body> interim(static_cast<http::status>(103), in.version());
      interim.set(http::field::link, "</style.css>");
      http::write(stream, interim, error);
    }
    http::write(stream, out, error);
    open = !error && !answer.then_closes;
  }
  boost::system::error_code ignored;
  socket.shutdown(Socket::shutdown_both, ignored);
}

}  // namespace playhead::testing
