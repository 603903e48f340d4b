#include "broker/replay/http_poster.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/write.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "broker/replay/limits.h"

namespace playhead::broker::replay {

namespace asio = boost::asio;
namespace beast = boost::beast;
using asio::use_awaitable;
using asio::ip::tcp;

namespace {

const auto kTimeout = absl::ToChronoMilliseconds(kAttemptTimeout);

[[noreturn]] void Fail(const char* why) {
  throw boost::system::system_error(asio::error::make_error_code(asio::error::host_unreachable), why);
}

// The text without the location in Boost's source code, which Boost appends in brackets.
absl::string_view TextOf(const boost::system::system_error& error) {
  const absl::string_view text = error.what();
  return text.substr(0, text.find(" ["));
}

absl::Status ToStatus(const boost::system::system_error& error) {
  if (error.code() == beast::error::timeout) {
    return absl::DeadlineExceededError(absl::StrCat("no answer within ", absl::FormatDuration(kAttemptTimeout)));
  }
  return absl::UnavailableError(TextOf(error));
}

}  // namespace

HttpPoster::HttpPoster(http::IoThread& thread, Endpoint endpoint, std::shared_ptr<asio::ssl::context> tls,
                       bool only_loopback)
    : thread_(thread), endpoint_(std::move(endpoint)), tls_context_(std::move(tls)), only_loopback_(only_loopback) {}

HttpPoster::~HttpPoster() = default;

void HttpPoster::Post(std::shared_ptr<HttpRequest> request, Done done) {
  thread_.Post([self = shared_from_this(), request = std::move(request), done = std::move(done)]() mutable {
    asio::io_context& context = self->thread_.context();
    asio::co_spawn(context, Run(std::move(self), std::move(request), std::move(done)), asio::detached);
  });
}

void HttpPoster::Stop() {
  thread_.Post([self = shared_from_this()] { self->Abort(); });
}

void HttpPoster::Abort() {
  stopped_ = true;
  Disconnect();
}

asio::awaitable<void> HttpPoster::Run(std::shared_ptr<HttpPoster> self, std::shared_ptr<HttpRequest> request,
                                      Done done) {
  self->thread_.Add(self);
  absl::StatusOr<unsigned> result = absl::CancelledError("stopped");
  for (bool again = !self->stopped_; again;) {
    const bool reused = self->connected_;
    again = false;
    try {
      result = co_await self->Attempt(*request);
    } catch (const boost::system::system_error& error) {
      self->Disconnect();
      result = self->stopped_ ? absl::CancelledError("stopped") : ToStatus(error);
      // No answer began on a connection that was idle before: most likely the other side had closed it.
      again = reused && !self->answer_begun_ && !self->stopped_ && error.code() != beast::error::timeout;
    }
  }
  self->thread_.Remove(self);
  std::move(done)(std::move(result));
}

asio::awaitable<unsigned> HttpPoster::Attempt(HttpRequest& request) {
  answer_begun_ = false;
  if (connected_) {
    tcp().expires_after(kTimeout);
  } else {
    co_await Connect();
  }
  if (tls_ != nullptr) co_return co_await Exchange(*tls_, request);
  co_return co_await Exchange(*plain_, request);
}

asio::awaitable<void> HttpPoster::Connect() {
  Disconnect();
  tcp::resolver resolver(thread_.context());
  const auto found = co_await resolver.async_resolve(endpoint_.host, std::to_string(endpoint_.port), use_awaitable);
  std::vector<tcp::endpoint> addresses;
  for (const auto& entry : found) {
    if (!only_loopback_ || entry.endpoint().address().is_loopback()) addresses.push_back(entry.endpoint());
  }
  if (addresses.empty()) Fail("the host has no loopback address");
  if (stopped_) Fail("stopped");
  if (endpoint_.tls) {
    tls_ = std::make_unique<Tls>(Tcp(thread_.context()), *tls_context_);
  } else {
    plain_ = std::make_unique<Tcp>(thread_.context());
  }
  tcp().expires_after(kTimeout);
  co_await tcp().async_connect(addresses, use_awaitable);
  boost::system::error_code ignored;
  tcp().socket().set_option(tcp::no_delay(true), ignored);
  if (tls_ != nullptr) {
    tls_->set_verify_callback(asio::ssl::host_name_verification(endpoint_.host));
    if (SSL_set_tlsext_host_name(tls_->native_handle(), endpoint_.host.c_str()) != 1)
      Fail("the host's name is no name");
    co_await tls_->async_handshake(asio::ssl::stream_base::client, use_awaitable);
  }
  connected_ = true;
}

template <typename Stream>
asio::awaitable<unsigned> HttpPoster::Exchange(Stream& stream, HttpRequest& request) {
  co_await beast::http::async_write(stream, request, use_awaitable);
  using Parser = beast::http::response_parser<beast::http::string_body>;
  std::optional<Parser> answer;
  unsigned status;
  do {  // Interim answers come before the answer (RFC 9110, 15.2); kTimeout bounds them too.
    answer.emplace();
    answer->header_limit(kAnswerHeaderBytesMax);
    answer->body_limit(boost::none);  // With a limit, the header of a long body fails, and its status is lost.
    co_await beast::http::async_read_header(stream, buffer_, *answer, use_awaitable);
    answer_begun_ = true;
    status = answer->get().result_int();
  } while (status < 200 && status != 101);
  // What follows a 101, which nobody asked for, is not HTTP.
  if (status == 101 || answer->content_length().value_or(0) > kAnswerBodyBytesMax) {
    Disconnect();
    co_return status;
  }
  answer->body_limit(kAnswerBodyBytesMax);
  boost::system::error_code error;
  co_await beast::http::async_read(stream, buffer_, *answer, asio::redirect_error(use_awaitable, error));
  // Only the status matters. If the body is too long or incomplete, only the connection is lost.
  if (error || !answer->keep_alive()) Disconnect();
  co_return status;
}

HttpPoster::Tcp& HttpPoster::tcp() { return tls_ != nullptr ? tls_->next_layer() : *plain_; }

void HttpPoster::Disconnect() {
  connected_ = false;
  buffer_.clear();
  if (tls_ != nullptr || plain_ != nullptr) tcp().close();
}

absl::StatusOr<std::shared_ptr<asio::ssl::context>> MakePosterContext(const std::string& ca_file) {
  try {
    auto context = std::make_shared<asio::ssl::context>(asio::ssl::context::tls_client);
    SSL_CTX_set_min_proto_version(context->native_handle(), TLS1_2_VERSION);
    context->set_verify_mode(asio::ssl::verify_peer);
    context->set_default_verify_paths();
    if (!ca_file.empty()) context->load_verify_file(ca_file);
    return context;
  } catch (const boost::system::system_error& error) {
    return absl::FailedPreconditionError(absl::StrCat("replay_ca: ", ca_file, ": ", TextOf(error)));
  }
}

}  // namespace playhead::broker::replay
