// A thread that serves connections. Each connection stays on one such thread, so its state needs no lock.
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

// A connection that is open on a thread. All methods are for that thread.
class OpenConnection {
 public:
  virtual ~OpenConnection() = default;
  // Ends it once the request in progress, if any, is answered.
  virtual void FinishAndClose() = 0;
  // Ends it now.
  virtual void Abort() = 0;
};

// Thread safety: any thread may post to context() and call Post; the constructor, AbortAllAndJoin and the destructor
// are for the owner; everything else is for tasks on this thread.
class IoThread {
 public:
  IoThread();
  ~IoThread() { AbortAllAndJoin(); }
  IoThread(const IoThread&) = delete;
  IoThread& operator=(const IoThread&) = delete;

  boost::asio::io_context& context() { return context_; }

  void Add(std::shared_ptr<OpenConnection> connection) { connections_.insert(std::move(connection)); }
  void Remove(const std::shared_ptr<OpenConnection>& connection) { connections_.erase(connection); }

  // FinishAndClose for all open connections.
  void FinishAndCloseAll();

  // For the Date header.
  DateClock& date() { return date_; }

  // Runs `task` on this thread; destroys it at once if the thread has ended, so that nobody waits for resources that it
  // holds. What is posted to context() after the end is kept until the context is destroyed, and never runs.
  void Post(absl::AnyInvocable<void()> task) ABSL_LOCKS_EXCLUDED(mu_);

  // Aborts all open connections and ends the thread. Everything posted before has run by then. Not from a task.
  void AbortAllAndJoin() ABSL_LOCKS_EXCLUDED(mu_);

 private:
  void AbortAll();

  // Before the members that may hold its handlers.
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
