// A listener with one Engine.IO server, or one of a protocol on top of it.
#ifndef PLAYHEAD_TESTS_BROKER_HTTP_ENGINEIO_SERVER_FIXTURE_H_
#define PLAYHEAD_TESTS_BROKER_HTTP_ENGINEIO_SERVER_FIXTURE_H_

#include <memory>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "broker/timer_queue.h"
#include "tests/broker/http/listener_fixture.h"

namespace playhead::broker::http {

template <typename Server>
class ServerFixture : public ListenerFixture {
 protected:
  void ServeWith(std::unique_ptr<Server> server) {
    server_ = std::move(server);
    server_->AddRoutes(router_);
    Start();
  }

  void TearDown() override {
    if (server_ != nullptr) server_->Stop();
    listener_.reset();
    timers_.Stop();
    executor_.Join();
    server_.reset();
  }

  // A handler of the test has been told that it is over.
  void OnEnded() ABSL_LOCKS_EXCLUDED(ended_mu_) {
    absl::MutexLock lock(&ended_mu_);
    ++ended_;
  }
  void AwaitEnded(int count) ABSL_LOCKS_EXCLUDED(ended_mu_) {
    absl::MutexLock lock(&ended_mu_);
    const auto done = [&]() ABSL_EXCLUSIVE_LOCKS_REQUIRED(ended_mu_) { return ended_ >= count; };
    ended_mu_.Await(absl::Condition(&done));
  }

  TimerQueue timers_{executor_};
  std::unique_ptr<Server> server_;

 private:
  absl::Mutex ended_mu_;
  int ended_ ABSL_GUARDED_BY(ended_mu_) = 0;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_TESTS_BROKER_HTTP_ENGINEIO_SERVER_FIXTURE_H_
