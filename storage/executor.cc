#include "storage/executor.h"

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <utility>

namespace playhead::storage {

class Executor::Pool : public boost::asio::thread_pool {
 public:
  using boost::asio::thread_pool::thread_pool;
};

Executor::Executor(int threads) : pool_(std::make_unique<Pool>(static_cast<std::size_t>(threads))) {}

Executor::~Executor() { Join(); }

void Executor::Post(absl::AnyInvocable<void()> task) {
  boost::asio::post(*pool_, [task = std::move(task)]() mutable { task(); });
}

void Executor::Join() { pool_->join(); }

}  // namespace playhead::storage
