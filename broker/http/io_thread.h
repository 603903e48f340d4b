// A thread that serves connections: each connection lives on one of them, so that nothing of it needs a lock.
#ifndef PLAYHEAD_BROKER_HTTP_IO_THREAD_H_
#define PLAYHEAD_BROKER_HTTP_IO_THREAD_H_

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <thread>

#include "absl/container/flat_hash_set.h"
#include "broker/http/response_head.h"

namespace playhead::broker::http {

// Something that is open on a thread. All methods are for that thread.
class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  // Ends it once the request under way, if there is one, is answered.
  virtual void FinishAndClose() = 0;
  // Ends it now.
  virtual void Abort() = 0;
};

// Thread safety: context() may be posted to from any thread; the rest is for tasks that run there, but for the
// constructor, AbortAllAndJoin and the destructor.
class IoThread {
 public:
  IoThread();
  ~IoThread() { AbortAllAndJoin(); }
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  boost::asio::io_context& context() { return context_; }

  void Add(std::shared_ptr<OpenConnection> connection) { connections_.insert(std::move(connection)); }
  void Remove(const std::shared_ptr<OpenConnection>& connection) { connections_.erase(connection); }

  // For all that are open.
  void FinishAndCloseAll();

  // Of the Date header.
  DateClock& date() { return date_; }

  // Aborts all that are open and ends the thread. What is posted from then on is kept and never run. Not from a task.
  void AbortAllAndJoin();

 private:
  void AbortAll();

  // Before what may hold its handlers.
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  absl::flat_hash_set<std::shared_ptr<OpenConnection>> connections_;
  DateClock date_;
  std::thread thread_;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_IO_THREAD_H_
