#include "storage/executor.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <memory>
#include <utility>

namespace playhead::storage {

// Shared with whoever is posting: a task may have run, and with it the executor's owner ended, before its post returns.
class Executor::Pool {
 public:
  explicit Pool(int threads)
      : threads_(std::make_shared<boost::asio::thread_pool>(static_cast<std::size_t>(threads))) {}

  const std::shared_ptr<boost::asio::thread_pool>& threads() const { return threads_; }

 private:
  const std::shared_ptr<boost::asio::thread_pool> threads_;
};

Executor::Executor(int threads) : pool_(std::make_unique<Pool>(threads)) {}

Executor::~Executor() { Join(); }

void Executor::Post(absl::AnyInvocable<void()> task) {
  const std::shared_ptr<boost::asio::thread_pool> threads = pool_->threads();
  boost::asio::post(*threads, [task = std::move(task)]() mutable { task(); });
}

void Executor::Join() { pool_->threads()->join(); }

}  // namespace playhead::storage
