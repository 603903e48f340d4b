// A thread that serves connections: each connection lives on one of them, so that nothing of it needs a lock.
#ifndef PLAYHEAD_BROKER_HTTP_IO_THREAD_H_
#define PLAYHEAD_BROKER_HTTP_IO_THREAD_H_

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <thread>

#include "absl/base/thread_annotations.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/any_invocable.h"
#include "absl/synchronization/mutex.h"
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

// Thread safety: context() may be posted to from any thread, and Post called; the rest is for tasks that run there, but
// for the constructor, AbortAllAndJoin and the destructor.
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

  // Runs `task` there; destroys it at once if the thread has ended, so that it holds up nobody who waits for what it
  // has. What is posted to context() after the end is kept as long as that is, and never run.
  void Post(absl::AnyInvocable<void()> task) ABSL_LOCKS_EXCLUDED(mu_);

  // Aborts all that are open and ends the thread; what was posted before has then run. Not from a task.
  void AbortAllAndJoin() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void AbortAll();

  // Before what may hold its handlers.
  boost::asio::io_context context_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  absl::flat_hash_set<std::shared_ptr<OpenConnection>> connections_;
  DateClock date_;
  absl::Mutex mu_;
  bool ended_ ABSL_GUARDED_BY(mu_) = false;
  std::thread thread_;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_IO_THREAD_H_
