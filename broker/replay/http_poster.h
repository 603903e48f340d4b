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
// request is under way; borrows `thread`.
class HttpPoster final : public http::OpenConnection, public std::enable_shared_from_this<HttpPoster> {
 public:
  // The status of the answer; or why there was none, for people.
  using Done = absl::AnyInvocable<void(absl::StatusOr<unsigned>) &&>;

  // `tls` is needed for an endpoint with TLS: a client's context that verifies. The certificate must be the host's.
  // `only_loopback`: does not connect to any other address, whatever the host resolves to.
  HttpPoster(http::IoThread& thread, Endpoint endpoint, std::shared_ptr<boost::asio::ssl::context> tls,
             bool only_loopback);
  ~HttpPoster() override;

  // Sends a request and reads the answer, within kAttemptTimeout. Redirects are not followed: they are answers. A
  // connection that the other side had closed meanwhile is replaced, once. `done` runs on the thread of the connection.
  //   Unavailable       there is no connection, or it broke.
  //   DeadlineExceeded  no whole answer in time.
  //   Cancelled         by Stop.
  // REQUIRES: no other request is under way.
  void Post(std::shared_ptr<HttpRequest> request, Done done);

  // Breaks off what is under way, and every later Post.
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

  // The rest is for the thread's tasks.
  bool stopped_ = false;
  bool connected_ = false;
  bool answer_begun_ = false;  // Of the request under way.
  std::unique_ptr<Tls> tls_;   // At most one of these two.
  std::unique_ptr<Tcp> plain_;
  boost::beast::flat_buffer buffer_;
};

// A client's context: TLS 1.2 and later, the system's authorities, and those of `ca_file` (PEM) unless that is empty.
// Reads a disk.   FailedPrecondition  the file cannot be read, or holds none.
absl::StatusOr<std::shared_ptr<boost::asio::ssl::context>> MakePosterContext(const std::string& ca_file);

}  // namespace playhead::broker::replay

#endif  // PLAYHEAD_BROKER_REPLAY_HTTP_POSTER_H_
