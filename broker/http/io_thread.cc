#include "broker/http/io_thread.h"

#include <boost/asio/post.hpp>
#include <utility>
#include <vector>

namespace playhead::broker::http {

IoThread::IoThread() : work_(boost::asio::make_work_guard(context_)), thread_([this] { context_.run(); }) {}

void IoThread::FinishAndCloseAll() {
  // A copy: connections that end remove themselves.
  const std::vector<std::shared_ptr<OpenConnection>> open(connections_.begin(), connections_.end());
  for (const auto& connection : open) connection->FinishAndClose();
}

void IoThread::AbortAll() {
  const std::vector<std::shared_ptr<OpenConnection>> open(connections_.begin(), connections_.end());
  for (const auto& connection : open) connection->Abort();
}

void IoThread::Post(absl::AnyInvocable<void()> task) {
  absl::MutexLock lock(&mu_);
  if (!ended_) boost::asio::post(context_, std::move(task));
}

void IoThread::AbortAllAndJoin() {
  if (!thread_.joinable()) return;
  boost::asio::post(context_, [this] {
    AbortAll();
    context_.stop();
  });
  thread_.join();
  {
    absl::MutexLock lock(&mu_);
    ended_ = true;
  }
  // Tasks posted in the meantime may still open connections, or hold memory of a budget that others wait for.
  context_.restart();
  while (context_.poll() > 0) AbortAll();
}

}  // namespace playhead::broker::http
