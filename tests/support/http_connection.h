// An HTTP client that sends what it is told, right or wrong, byte for byte.
#ifndef PLAYHEAD_TESTS_SUPPORT_HTTP_CONNECTION_H_
#define PLAYHEAD_TESTS_SUPPORT_HTTP_CONNECTION_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstddef>
#include <map>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"

struct ssl_st;  // Of OpenSSL.

namespace playhead::testing {

struct HttpResponse {
  int status = 0;                              // 0 if the connection ended before a whole response had come.
  std::map<std::string, std::string> headers;  // Names in lower case.
  std::string body;
};

// Not thread-safe. Blocks; aborts the test if nothing comes for 20 s.
class HttpConnection {
 public:
  // `address` is HOST:PORT. With a `ca_file` it speaks TLS, and trusts the authority in it.
  explicit HttpConnection(const std::string& address, const std::string& ca_file = "");

  // False if the other side has closed.
  bool Send(absl::string_view bytes);
  // Sends nothing more.
  void FinishSending();
  // The next response; one to HEAD has no body.
  HttpResponse Receive(bool to_head = false);
  // A request with a body, or with an empty one, and its response: its body whole, even if it came in chunks, which the
  // others leave as they are.
  HttpResponse Call(absl::string_view method, absl::string_view path, absl::string_view headers,
                    absl::string_view body);
  // A request without a body, and its response.
  HttpResponse Get(absl::string_view path, absl::string_view headers = "");
  // The next so many bytes; fewer if the other side closes before.
  std::string ReceiveBytes(size_t count);
  // Everything until the other side closes.
  std::string ReceiveToEnd();

  // `Host: HOST:PORT` with the line's end.
  const std::string& host_header() const { return host_header_; }
  boost::asio::ip::tcp::socket& socket() { return socket_; }

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
  std::string received_;  // And not yet returned.
};

// The response at the start of `bytes`, which is taken off them.
// Status 0 if it is not whole.
HttpResponse TakeResponse(std::string& bytes, bool to_head = false);

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_HTTP_CONNECTION_H_
