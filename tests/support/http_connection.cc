#include "tests/support/http_connection.h"

#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace playhead::testing {
namespace {

using boost::asio::ip::tcp;

constexpr absl::Duration kPatience = absl::Minutes(2);

// Takes a body in chunks off the start of `bytes`. False if it is not whole.
bool TakeChunks(std::string& bytes, std::string& body) {
  body.clear();
  for (size_t at = 0;;) {
    const size_t line_end = bytes.find("\r\n", at);
    size_t size = 0;
    if (line_end == std::string::npos) return false;
    if (!absl::SimpleHexAtoi(bytes.substr(at, line_end - at), &size)) std::abort();
    if (bytes.size() < line_end + size + 4) return false;
    body += bytes.substr(line_end + 2, size);
    at = line_end + size + 4;
    if (size == 0) {
      bytes.erase(0, at);
      return true;
    }
  }
}

}  // namespace

void HttpConnection::FreeSsl::operator()(ssl_st* ssl) const { SSL_free(ssl); }

HttpConnection::HttpConnection(const std::string& address, const std::string& ca_file)
    : socket_(context_), host_header_(absl::StrCat("Host: ", address, "\r\n")) {
  const size_t colon = address.rfind(':');
  int port = 0;
  if (colon == std::string::npos || !absl::SimpleAtoi(address.substr(colon + 1), &port)) std::abort();
  socket_.connect(
      tcp::endpoint(boost::asio::ip::make_address(address.substr(0, colon)), static_cast<unsigned short>(port)));
  SetPatience(kPatience);
  if (ca_file.empty()) return;
  std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes so that it would come when the other side has closed.
  SSL_CTX* const context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_load_verify_locations(context, ca_file.c_str(), nullptr) != 1) std::abort();
  ssl_.reset(SSL_new(context));
  SSL_CTX_free(context);
  SSL_set_fd(ssl_.get(), socket_.native_handle());
  if (SSL_connect(ssl_.get()) != 1) std::abort();
}

bool HttpConnection::Send(absl::string_view bytes) {
  if (ssl_ != nullptr) return SSL_write(ssl_.get(), bytes.data(), static_cast<int>(bytes.size())) > 0;
  boost::system::error_code error;
  boost::asio::write(socket_, boost::asio::buffer(bytes.data(), bytes.size()), error);
  return !error;
}

void HttpConnection::SetPatience(absl::Duration patience) {
  patience_ = patience;
  const timeval timeout = absl::ToTimeval(patience);
  setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
}

void HttpConnection::FinishSending() {
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

HttpResponse HttpConnection::Receive(bool to_head) {
  for (;;) {
    HttpResponse response = TakeResponse(received_, to_head);
    if (response.status != 0 || !ReceiveMore()) return response;
  }
}

HttpResponse HttpConnection::Get(absl::string_view path, absl::string_view headers) {
  Send(absl::StrCat("GET ", path, " HTTP/1.1\r\n", host_header_, headers, "\r\n"));
  return Receive();
}

std::string HttpConnection::ReceiveBytes(size_t count) {
  while (received_.size() < count && ReceiveMore()) {
  }
  std::string bytes = received_.substr(0, count);
  received_.erase(0, count);
  return bytes;
}

HttpResponse HttpConnection::Call(absl::string_view method, absl::string_view path, absl::string_view headers,
                                  absl::string_view body) {
  Send(absl::StrCat(method, " ", path, " HTTP/1.1\r\n", host_header_, headers, "Content-Length: ", body.size(),
                    "\r\n\r\n", body));
  HttpResponse response = Receive();
  if (response.headers.contains("transfer-encoding")) {
    while (!TakeChunks(received_, response.body)) {
      if (!ReceiveMore()) return {};
    }
  }
  return response;
}

std::string HttpConnection::ReceiveToEnd() {
  while (ReceiveMore()) {
  }
  return std::move(received_);
}

bool HttpConnection::ReceiveMore() {
  std::array<char, 65536> bytes;
  // Not through Asio, which would wait without a limit.
  const ssize_t size = ssl_ != nullptr ? SSL_read(ssl_.get(), bytes.data(), static_cast<int>(bytes.size()))
                                       : recv(socket_.native_handle(), bytes.data(), bytes.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
    std::fprintf(stderr, "nothing came for %s; before that: %s\n", absl::FormatDuration(patience_).c_str(),
                 received_.c_str());
    std::abort();
  }
  if (size <= 0) return false;
  received_.append(bytes.data(), static_cast<size_t>(size));
  return true;
}

HttpResponse TakeResponse(std::string& bytes, bool to_head) {
  constexpr absl::string_view kEnd = "\r\n\r\n";
  const size_t end = bytes.find(std::string(kEnd));
  if (end == std::string::npos) return {};
  HttpResponse response;
  const std::vector<std::string> lines = absl::StrSplit(bytes.substr(0, end), "\r\n");
  for (size_t i = 1; i < lines.size(); ++i) {
    const std::pair<std::string, std::string> header = absl::StrSplit(lines[i], absl::MaxSplits(": ", 1));
    response.headers[absl::AsciiStrToLower(header.first)] = header.second;
  }
  size_t size = 0;
  const auto length = response.headers.find("content-length");
  if (!to_head && length != response.headers.end() && !absl::SimpleAtoi(length->second, &size)) std::abort();
  if (bytes.size() < end + kEnd.size() + size) return {};
  response.body = bytes.substr(end + kEnd.size(), size);
  bytes.erase(0, end + kEnd.size() + size);
  // "HTTP/1.1 200 OK"
  if (!absl::SimpleAtoi(lines[0].substr(9, 3), &response.status)) std::abort();
  return response;
}

}  // namespace playhead::testing
