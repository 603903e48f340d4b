#include "broker/http/listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "broker/listen/listen_sockets.h"
#include "broker/log.h"
#include "proto/errors.h"
#include "storage/descriptors.h"

namespace playhead::broker::http {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;

// How long accepting pauses when the process has no file descriptor or memory left for a connection.
constexpr auto kRest = std::chrono::milliseconds(100);

// Connections beyond the limit that are refused with an error at the same time; more are closed without one.
constexpr size_t kRefusedMax = 64;
// How many of the file descriptors reserved for the store such refusals may use.
constexpr int kRefusedDescriptors = 8;

tcp ProtocolOf(int fd) {
  int family = AF_INET;
  socklen_t size = sizeof(family);
  getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
  return family == AF_INET6 ? tcp::v6() : tcp::v4();
}

absl::Status TooManyConnections() {
  return MakeError(Reason::kConnectionsLimit, "the broker has as many connections open as it may: try again later");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Listener>> Listener::Start(ListenerOptions options, const Router& router,
                                                          const Limits& limits, ByteBudget& body_budget,
                                                          Metrics& metrics) {
  std::unique_ptr<Listener> listener(new Listener(std::move(options), router, limits, body_budget, metrics));
  for (int i = 0; i < limits.http_threads; ++i) listener->threads_.push_back(std::make_unique<IoThread>());
  asio::io_context& context = listener->threads_.front()->context();
  auto sockets = ListenSockets::Open(listener->options_.listen);
  if (!sockets.ok()) return sockets.status();
  if (sockets->host().empty()) {
    return absl::InvalidArgumentError(absl::StrCat(sockets->address(), " is not a listening TCP socket"));
  }
  listener->settings_.listen_host = sockets->host();
  listener->address_ = sockets->address();
  absl::Status status;
  for (const int fd : sockets->TakeFds()) {
    auto& accepting = *listener->accepting_.emplace_back(std::make_unique<Accepting>(context));
    boost::system::error_code error;
    accepting.acceptor.assign(ProtocolOf(fd), fd, error);
    if (!error) continue;
    close(fd);
    status =
        absl::FailedPreconditionError(absl::StrCat("cannot listen on ", sockets->address(), ": ", error.message()));
  }
  if (!status.ok()) return status;
  asio::post(context, [raw = listener.get()] {
    for (const auto& accepting : raw->accepting_) raw->Accept(*accepting);
  });
  return listener;
}

Listener::Listener(ListenerOptions options, const Router& router, const Limits& limits, ByteBudget& body_budget,
                   Metrics& metrics)
    : options_(std::move(options)),
      counters_(router, metrics.http_requests),
      metrics_(metrics),
      settings_{router, limits, body_budget, counters_, "", options_.runs_open, options_.cors_origins},
      open_(static_cast<size_t>(limits.http_threads)) {}

Listener::~Listener() { Stop(absl::InfinitePast()); }

// Not round robin: clients that fetch a token on one connection and then open another would put all their long-lived
// connections on every other thread.
size_t Listener::LeastBusyThread() {
  absl::MutexLock lock(&mu_);
  return static_cast<size_t>(std::min_element(open_.begin(), open_.end()) - open_.begin());
}

void Listener::Accept(Accepting& from) {
  const size_t thread = LeastBusyThread();
  from.acceptor.async_accept(threads_[thread]->context(),
                             [this, &from, thread](const boost::system::error_code& error, tcp::socket socket) {
                               OnAccept(from, error, std::move(socket), thread);
                             });
}

void Listener::OnAccept(Accepting& from, const boost::system::error_code& error, tcp::socket socket, size_t thread) {
  if (!from.acceptor.is_open()) return;
  if (error) {
    if (error == asio::error::connection_aborted) return Accept(from);
    LogWarning("accept_failed", absl::StrCat("what=http errno=", error.value()));
    from.rest.expires_after(kRest);
    return from.rest.async_wait([this, &from](const boost::system::error_code& cancelled) {
      if (!cancelled) Accept(from);
    });
  }
  const Admission admission = Admit(socket.native_handle(), thread);
  if (admission == Admission::kDrop) LogRefusal("http", TooManyConnections());
  if (admission != Admission::kDrop) {
    IoThread& on = *threads_[thread];
    asio::post(on.context(), [this, &on, thread, admission, socket = std::move(socket)]() mutable {
      auto closed = [this, admission, thread] { OnClosed(admission, thread); };
      if (admission == Admission::kServe) {
        StartConnection(settings_, on, std::move(socket), options_.tls ? options_.tls() : nullptr, std::move(closed));
      } else {
        StartRefusal(settings_, on, std::move(socket), TooManyConnections(), std::move(closed));
      }
    });
  }
  Accept(from);
}

Listener::Admission Listener::Admit(int fd, size_t thread) {
  const int end = storage::ConnectionDescriptorsEnd();
  absl::MutexLock lock(&mu_);
  if (served_ < settings_.limits.http_connections_max && fd < end) {
    ++served_;
    ++open_[thread];
    metrics_.http_connections.Increment();
    return Admission::kServe;
  }
  // Over TLS even a refusal would cost a handshake.
  if (options_.tls || refused_ == kRefusedMax || fd >= end + kRefusedDescriptors) return Admission::kDrop;
  ++refused_;
  ++open_[thread];
  return Admission::kRefuse;
}

void Listener::OnClosed(Admission admission, size_t thread) {
  absl::MutexLock lock(&mu_);
  --open_[thread];
  if (admission == Admission::kServe) {
    --served_;
    metrics_.http_connections.Decrement();
  } else {
    --refused_;
  }
}

void Listener::BeginStop() {
  if (accepting_.empty()) return;  // Start failed.
  asio::post(threads_.front()->context(), [this] {
    for (const auto& accepting : accepting_) {
      boost::system::error_code ignored;
      accepting->acceptor.close(ignored);
      accepting->rest.cancel();
    }
    // After the connections that were accepted before.
    for (const auto& thread : threads_) {
      asio::post(thread->context(), [&thread] { thread->FinishAndCloseAll(); });
    }
  });
}

void Listener::Stop(absl::Time deadline) {
  {
    absl::MutexLock lock(&mu_);
    if (std::exchange(stopped_, true)) return;
  }
  BeginStop();
  {
    absl::MutexLock lock(&mu_);
    const auto none_left = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return served_ + refused_ == 0; };
    mu_.AwaitWithDeadline(absl::Condition(&none_left), deadline);
  }
  for (const auto& thread : threads_) thread->AbortAllAndJoin();
}

}  // namespace playhead::broker::http
