// Listener: serves HTTP/1.1 on one address, with threads of its own.
//
// What it does with each kind of client: more connections than allowed are told so and closed, and so are those that
// would take a file descriptor of the store's (storage/descriptors.h); a client that is slow to send, to take its
// answer, or to come back is cut off by a time limit for each; a long body waits for memory that all connections share.
// Over TLS, a client that speaks plain HTTP gets a plain answer that says so.
#ifndef PLAYHEAD_BROKER_HTTP_LISTENER_H_
#define PLAYHEAD_BROKER_HTTP_LISTENER_H_

#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "broker/byte_budget.h"
#include "broker/http/connection.h"
#include "broker/http/cors.h"
#include "broker/http/io_thread.h"
#include "broker/http/request_counters.h"
#include "broker/http/router.h"
#include "broker/limits.h"
#include "broker/metrics/metrics.h"

namespace playhead::broker::http {

struct ListenerOptions {
  std::string listen;  // As ListenSockets::Open.
  // The context for a new connection; none means plain HTTP. Called on an I/O thread.
  std::function<std::shared_ptr<boost::asio::ssl::context>()> tls;
  // Whether the broker runs open, so that Host and Origin must be checked. Called on I/O threads; quick.
  std::function<bool()> runs_open;
  // Whose pages may use the routes that are for pages of other origins.
  CorsOrigins cors_origins;
};

// Thread safety: address() and the Stop methods may be called from any thread.
// Ownership: borrows everything it is given but `options`. Responders must be gone when it is destroyed; they may
// outlive Stop.
class Listener {
 public:
  // Accepts connections when it returns. As ListenSockets::Open fails; InvalidArgument of a socket that is not TCP,
  // too.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(ListenerOptions options, const Router& router,
                                                         const Limits& limits, ByteBudget& body_budget,
                                                         Metrics& metrics);

  ~Listener();  // Stops at once.
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // HOST:PORT.
  const std::string& address() const { return address_; }

  // Accepts nothing more, closes idle connections, and the others once they have their answer. Does not wait.
  void BeginStop();

  // BeginStop, then waits for connections to end; those that have not by `deadline` are cut off. The second call and
  // later ones do nothing.
  void Stop(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  Listener(ListenerOptions options, const Router& router, const Limits& limits, ByteBudget& body_budget,
           Metrics& metrics);

  // A socket that connections are accepted from.
  struct Accepting {
    explicit Accepting(boost::asio::io_context& context) : acceptor(context), rest(context) {}
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer rest;
  };

  // On the first thread.
  void Accept(Accepting& from);
  void OnAccept(Accepting& from, const boost::system::error_code& error, boost::asio::ip::tcp::socket socket,
                size_t thread);

  // The one with the fewest connections: an index of `threads_`, as every `thread` here.
  size_t LeastBusyThread() ABSL_LOCKS_EXCLUDED(mu_);

  // Takes up a connection with this file descriptor, unless there are too many.
  enum class Admission { kServe, kRefuse, kDrop };
  Admission Admit(int fd, size_t thread) ABSL_LOCKS_EXCLUDED(mu_);
  void OnClosed(Admission admission, size_t thread) ABSL_LOCKS_EXCLUDED(mu_);

  const ListenerOptions options_;
  RequestCounters counters_;
  Metrics& metrics_;
  ConnectionSettings settings_;
  std::string address_;

  // Before what lives on them.
  std::vector<std::unique_ptr<IoThread>> threads_;
  std::vector<std::unique_ptr<Accepting>> accepting_;  // Of the first thread, but while Start runs.

  absl::Mutex mu_;                                 // Guards the members below it.
  std::vector<size_t> open_ ABSL_GUARDED_BY(mu_);  // Connections of each thread.
  size_t served_ ABSL_GUARDED_BY(mu_) = 0;
  size_t refused_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_LISTENER_H_
