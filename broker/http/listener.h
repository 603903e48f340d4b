// Listener: serves HTTP/1.1 on one address, with its own threads.
//
// Connections beyond the limit, or that would take a file descriptor reserved for the store (storage/descriptors.h),
// get an error and are closed. Clients that are slow to send a request, to read the answer, or to send the next request
// are cut off, with a time limit for each. Long bodies wait for memory that all connections share. Over TLS, a client
// that speaks plain HTTP gets a plain answer that says so.
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
  std::string listen;  // As for ListenSockets::Open.
  // Returns the context for a new connection; unset means plain HTTP. Called on an I/O thread.
  std::function<std::shared_ptr<boost::asio::ssl::context>()> tls;
  // Whether the broker runs open, so that Host and Origin must be checked. Called on I/O threads; quick.
  std::function<bool()> runs_open;
  // Origins whose pages may use the routes for pages of other origins.
  CorsOrigins cors_origins;
};

// Thread safety: address() and the Stop methods may be called from any thread.
// Ownership: borrows all arguments except `options`. Responders must be gone when the listener is destroyed; they may
// outlive Stop.
class Listener {
 public:
  // Accepts connections once it returns. Errors as ListenSockets::Open; also InvalidArgument for a socket that is not
  // TCP.
  static absl::StatusOr<std::unique_ptr<Listener>> Start(ListenerOptions options, const Router& router,
                                                         const Limits& limits, ByteBudget& body_budget,
                                                         Metrics& metrics);

  ~Listener();  // Stops at once.
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // HOST:PORT.
  const std::string& address() const { return address_; }

  // Accepts no more connections, closes idle ones, and closes the others once they have their answer. Does not wait.
  void BeginStop();

  // BeginStop, then waits for the connections to end; those still open at `deadline` are cut off. Later calls do
  // nothing.
  void Stop(absl::Time deadline) ABSL_LOCKS_EXCLUDED(mu_);

 private:
  Listener(ListenerOptions options, const Router& router, const Limits& limits, ByteBudget& body_budget,
           Metrics& metrics);

  // A listening socket.
  struct Accepting {
    explicit Accepting(boost::asio::io_context& context) : acceptor(context), rest(context) {}
    boost::asio::ip::tcp::acceptor acceptor;
    boost::asio::steady_timer rest;
  };

  // On the first I/O thread.
  void Accept(Accepting& from);
  void OnAccept(Accepting& from, const boost::system::error_code& error, boost::asio::ip::tcp::socket socket,
                size_t thread);

  // The thread with the fewest connections: an index into `threads_`, as every `thread` here.
  size_t LeastBusyThread() ABSL_LOCKS_EXCLUDED(mu_);

  // Counts a connection with this file descriptor, unless there are too many.
  enum class Admission { kServe, kRefuse, kDrop };
  Admission Admit(int fd, size_t thread) ABSL_LOCKS_EXCLUDED(mu_);
  void OnClosed(Admission admission, size_t thread) ABSL_LOCKS_EXCLUDED(mu_);

  const ListenerOptions options_;
  RequestCounters counters_;
  Metrics& metrics_;
  ConnectionSettings settings_;
  std::string address_;

  // Before the members that live on them.
  std::vector<std::unique_ptr<IoThread>> threads_;
  std::vector<std::unique_ptr<Accepting>> accepting_;  // For the first thread, except during Start.

  absl::Mutex mu_;                                 // Guards the members below it.
  std::vector<size_t> open_ ABSL_GUARDED_BY(mu_);  // Connections of each thread.
  size_t served_ ABSL_GUARDED_BY(mu_) = 0;
  size_t refused_ ABSL_GUARDED_BY(mu_) = 0;
  bool stopped_ ABSL_GUARDED_BY(mu_) = false;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_LISTENER_H_
