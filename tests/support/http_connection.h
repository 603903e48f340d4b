// An HTTP client that sends exactly the bytes it is given, valid or not.
#ifndef PLAYHEAD_TESTS_SUPPORT_HTTP_CONNECTION_H_
#define PLAYHEAD_TESTS_SUPPORT_HTTP_CONNECTION_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

struct ssl_st;  // Of OpenSSL.

namespace playhead::testing {

struct HttpResponse {
  int status = 0;                              // 0 if the connection ended before a whole response had come.
  std::map<std::string, std::string> headers;  // Names in lower case.
  std::string body;
};

// Not thread-safe. Blocks; aborts the test if nothing comes for two minutes (SetPatience).
class HttpConnection {
 public:
  // Connects to HOST:PORT. With a `ca_file` it uses TLS, and trusts the authority in that file.
  explicit HttpConnection(const std::string& address, const std::string& ca_file = "");

  // False if the other side has closed.
  bool Send(absl::string_view bytes);
  // Half-closes: sends nothing more.
  void FinishSending();
  // The next response. One to a HEAD request has no body.
  HttpResponse Receive(bool to_head = false);
  // Sends a request with a body, which may be empty, and returns the response. Unlike the other methods, it decodes a
  // chunked body; one without its end makes the status 0.
  HttpResponse Call(absl::string_view method, absl::string_view path, absl::string_view headers,
                    absl::string_view body);
  // Sends a request without a body, and returns the response.
  HttpResponse Get(absl::string_view path, absl::string_view headers = "");
  // The next `count` bytes; fewer if the other side closes before that.
  std::string ReceiveBytes(size_t count);
  // Everything until the other side closes.
  std::string ReceiveToEnd();

  // `Host: HOST:PORT` with the line end.
  const std::string& host_header() const { return host_header_; }
  boost::asio::ip::tcp::socket& socket() { return socket_; }
  // How long to wait for the next bytes, instead of two minutes, before the test is aborted.
  void SetPatience(absl::Duration patience);

 private:
  struct FreeSsl {
    void operator()(ssl_st* ssl) const;
  };

  // False at the end.
  bool ReceiveMore();

  boost::asio::io_context context_;
  boost::asio::ip::tcp::socket socket_;
  std::unique_ptr<ssl_st, FreeSsl> ssl_;  // If it speaks TLS.
  std::string host_header_;
  std::string received_;  // Not returned yet.
  absl::Duration patience_;
};

// Removes the response at the start of `bytes` and returns it. Status 0, and `bytes` unchanged, if it is incomplete.
HttpResponse TakeResponse(std::string& bytes, bool to_head = false);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_HTTP_CONNECTION_H_
