#include "storage/executor.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <cstddef>
#include <utility>

namespace playhead::storage {

class Executor::Pool : public boost::asio::thread_pool {
 public:
  using thread_pool::thread_pool;
};

Executor::Executor(int threads) : pool_(std::make_shared<Pool>(static_cast<std::size_t>(threads))) {}

Executor::~Executor() { Join(); }

void Executor::Post(absl::AnyInvocable<void()> task) {
  // The task may run, and destroy the executor's owner, before post returns.
  const std::shared_ptr<Pool> pool = pool_;
  boost::asio::post(*pool, [task = std::move(task)]() mutable { task(); });
}

void Executor::Join() { pool_->join(); }

}  // namespace playhead::storage
