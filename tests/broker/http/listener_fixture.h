// A listener on a free port, with a route for every way in which a handler may behave.
#ifndef PLAYHEAD_TESTS_BROKER_HTTP_LISTENER_FIXTURE_H_
#define PLAYHEAD_TESTS_BROKER_HTTP_LISTENER_FIXTURE_H_

#include <gtest/gtest.h>

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "broker/byte_budget.h"
#include "broker/http/listener.h"
#include "broker/http/router.h"
#include "broker/limits.h"
#include "broker/metrics/metrics.h"
#include "broker/tls/certificate_pem.h"
#include "broker/tls/http_context.h"
#include "storage/executor.h"
#include "tests/support/certificate_files.h"

namespace playhead::broker::http {

class ListenerFixture : public ::testing::Test {
 protected:
  static constexpr size_t kEchoBytesMax = size_t{1} << 20;
  static constexpr size_t kLongBytes = size_t{64} << 20;

  // GET /hello, /names/{name}, /long; POST /echo, /hook (for servers); GET /later, answered by TakeLater.
  ListenerFixture() {
    router_.Add(Verb::get, "/hello", {},
                [](Request, Responder responder) { std::move(responder).Send(TextResponse(200, "hello")); });
    router_.Add(Verb::get, "/names/{name}", {}, [](Request request, Responder responder) {
      std::move(responder).Send(TextResponse(200, std::string(request.PathParameter("name"))));
    });
    router_.Add(Verb::get, "/long", {}, [](Request, Responder responder) {
      std::move(responder).Send(TextResponse(200, std::string(kLongBytes, 'x')));
    });
    router_.Add(Verb::get, "/dropped", {}, [](Request, Responder) {});
    router_.Add(Verb::get, "/later", {}, [this](Request, Responder responder) {
      absl::MutexLock lock(&mu_);
      later_.push_back(std::move(responder));
    });
    const auto add_echo = [this](const char* pattern, RouteOptions options) {
      router_.Add(Verb::post, pattern, options, [](Request request, Responder responder) {
        Response response = TextResponse(200, std::move(request.body));
        response.headers.push_back({"X-Marked", std::string(request.Header("X-Mark").value_or("no"))});
        std::move(responder).Send(std::move(response));
      });
    };
    add_echo("/echo", {.body_bytes_max = kEchoBytesMax});
    add_echo("/hook", {.body_bytes_max = kEchoBytesMax, .server_to_server = true});
  }

  // What waits for the budget is answered on the executor.
  ~ListenerFixture() override {
    listener_.reset();
    executor_.Join();
  }

  void Start(ListenerOptions options = {}) {
    budget_ = std::make_unique<ByteBudget>(limits_.http_body_budget_bytes, executor_);
    if (options.listen.empty()) options.listen = "127.0.0.1:0";
    if (!options.runs_open) options.runs_open = [] { return true; };
    auto listener = Listener::Start(std::move(options), router_, limits_, *budget_, metrics_);
    ASSERT_TRUE(listener.ok()) << listener.status();
    listener_ = *std::move(listener);
  }

  // As Start, over TLS if `secure`: clients that are given ca_file() speak it.
  void StartSecure(bool secure) {
    if (!secure) return Start();
    files_.emplace();
    const auto pem = ReadCertificatePem({.cert = files_->cert(), .key = files_->key()}, absl::Now());
    ASSERT_TRUE(pem.ok()) << pem.status();
    const auto context = MakeHttpContext(*pem);
    ASSERT_TRUE(context.ok()) << context.status();
    Start({.tls = [context = *context] { return context; }});
  }
  std::string ca_file() const { return files_ ? files_->ca() : ""; }

  // Waits for a request to /later, and for its handler to have been left.
  Responder TakeLater() {
    absl::MutexLock lock(&mu_);
    const auto waits = [this]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return !later_.empty(); };
    mu_.Await(absl::Condition(&waits));
    Responder responder = std::move(later_.front());
    later_.pop_front();
    return responder;
  }

  const std::string& address() const { return listener_->address(); }

  std::optional<testing::CertificateFiles> files_;
  storage::Executor executor_{1};
  Limits limits_;
  Metrics metrics_;
  Router router_;
  std::unique_ptr<ByteBudget> budget_;
  std::unique_ptr<Listener> listener_;

  absl::Mutex mu_;
  std::deque<Responder> later_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_TESTS_BROKER_HTTP_LISTENER_FIXTURE_H_
