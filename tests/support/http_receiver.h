// An HTTP server that answers as the test says and records what was posted to it.
#ifndef PLAYHEAD_TESTS_SUPPORT_HTTP_RECEIVER_H_
#define PLAYHEAD_TESTS_SUPPORT_HTTP_RECEIVER_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "tests/support/certificate_files.h"

namespace playhead::testing {

// Thread safety: all methods may be called from any thread. Each connection has a thread of its own.
class HttpReceiver {
 public:
  struct Request {
    std::string target;
    std::map<std::string, std::string> headers;  // Names in lower case.
    std::string body;
  };
  struct Answer {
    unsigned status = 200;
    std::string location = {};  // Of a redirect.
    bool has_interim = false;   // After two interim answers, 103.
    bool hangs = false;         // Does not answer until the client disconnects.
    bool hangs_up = false;      // Closes the connection instead of answering.
    bool then_closes = false;   // Closes after the answer, without `Connection: close`.
    size_t body_bytes = 0;
  };
  // Runs on the connections' threads.
  using Handler = std::function<Answer(const Request&)>;

  explicit HttpReceiver(Handler handler, const CertificateFiles* tls = nullptr);
  ~HttpReceiver();

  int port() const { return port_; }
  // http://127.0.0.1:PORT, or https://localhost:PORT.
  std::string origin() const;

  // The requests that were answered with 2xx, in the order of the answers.
  std::vector<Request> taken() const ABSL_LOCKS_EXCLUDED(mu_);
  // Blocks until there are `count`.
  void AwaitTaken(size_t count) const ABSL_LOCKS_EXCLUDED(mu_);
  // How many requests and connections came, whatever the answers.
  size_t request_count() const ABSL_LOCKS_EXCLUDED(mu_);
  void AwaitRequests(size_t count) const ABSL_LOCKS_EXCLUDED(mu_);
  size_t connection_count() const ABSL_LOCKS_EXCLUDED(mu_);

 private:
  using Socket = boost::asio::ip::tcp::socket;

  void Accept();
  void Serve(Socket& socket);
  template <typename Stream>
  void AnswerAll(Stream& stream, Socket& socket);

  const Handler handler_;
  std::unique_ptr<boost::asio::ssl::context> tls_;
  boost::asio::io_context context_;
  boost::asio::ip::tcp::acceptor acceptor_;
  const int port_;

  mutable absl::Mutex mu_;  // Guards the members below it.
  std::vector<Request> taken_ ABSL_GUARDED_BY(mu_);
  size_t requests_ ABSL_GUARDED_BY(mu_) = 0;
  std::list<Socket> sockets_ ABSL_GUARDED_BY(mu_);
  std::vector<std::thread> threads_ ABSL_GUARDED_BY(mu_);
  bool stopping_ ABSL_GUARDED_BY(mu_) = false;
  std::thread acceptor_thread_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_HTTP_RECEIVER_H_
