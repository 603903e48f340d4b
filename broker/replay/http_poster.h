// HttpPoster: sends POST requests to one endpoint over one connection that it keeps open between them.
#ifndef PLAYHEAD_BROKER_REPLAY_HTTP_POSTER_H_
#define PLAYHEAD_BROKER_REPLAY_HTTP_POSTER_H_

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <memory>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "broker/http/io_thread.h"
#include "broker/replay/endpoint.h"

namespace playhead::broker::replay {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;

// Thread safety: Post and Stop may be called from any thread.   Blocking: none.   Ownership: keeps itself alive while a
// request is in progress; borrows `thread`.
class HttpPoster final : public http::OpenConnection, public std::enable_shared_from_this<HttpPoster> {
 public:
  // The HTTP status of the answer; or, for people, why there was none.
  using Done = absl::AnyInvocable<void(absl::StatusOr<unsigned>) &&>;

  // `tls`, required for an endpoint with TLS, is a client's context that verifies. The certificate must be valid for
  // the host. `only_loopback`: does not connect to any other address, whatever the host resolves to.
  HttpPoster(http::IoThread& thread, Endpoint endpoint, std::shared_ptr<boost::asio::ssl::context> tls,
             bool only_loopback);
  ~HttpPoster() override;

  // Sends a request and reads the answer, within kAttemptTimeout. Redirects are not followed; they count as answers. A
  // connection that the other side has closed since is replaced, once. `done` runs on the thread of the connection.
  //   Unavailable       no connection could be made, or it broke.
  //   DeadlineExceeded  no complete answer in time.
  //   Cancelled         by Stop.
  // REQUIRES: no other request is in progress.
  void Post(std::shared_ptr<HttpRequest> request, Done done);

  // Cancels the request in progress, and every later Post.
  void Stop();

  // http::OpenConnection, for the thread's end.
  void FinishAndClose() override { Abort(); }
  void Abort() override;

 private:
  using Tcp = boost::beast::tcp_stream;
  using Tls = boost::asio::ssl::stream<Tcp>;

  static boost::asio::awaitable<void> Run(std::shared_ptr<HttpPoster> self, std::shared_ptr<HttpRequest> request,
                                          Done done);
  boost::asio::awaitable<unsigned> Attempt(HttpRequest& request);
  boost::asio::awaitable<void> Connect();
  template <typename Stream>
  boost::asio::awaitable<unsigned> Exchange(Stream& stream, HttpRequest& request);
  Tcp& tcp();
  void Disconnect();

  http::IoThread& thread_;
  const Endpoint endpoint_;
  const std::shared_ptr<boost::asio::ssl::context> tls_context_;
  const bool only_loopback_;

  // The rest is used only by tasks on the thread.
  bool stopped_ = false;
  bool connected_ = false;
  bool answer_begun_ = false;  // For the request in progress.
  std::unique_ptr<Tls> tls_;   // At most one of these two.
  std::unique_ptr<Tcp> plain_;
  boost::beast::flat_buffer buffer_;
};

// A client's context: TLS 1.2 and later, the system's authorities, and those of `ca_file` (PEM) unless that is empty.
// Reads a disk.   FailedPrecondition  the file cannot be read, or contains no certificate.
absl::StatusOr<std::shared_ptr<boost::asio::ssl::context>> MakePosterContext(const std::string& ca_file);

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_HTTP_POSTER_H_
