// Deadline: a time limit on an I/O thread for one thing at a time, which nearly always ends long before.
//
// Setting it is cheap: the timer is set for no later than the deadline and seldom again; when it fires it checks
// whether the deadline has moved.
#ifndef PLAYHEAD_BROKER_HTTP_DEADLINE_H_
#define PLAYHEAD_BROKER_HTTP_DEADLINE_H_

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/error_code.hpp>
#include <chrono>
#include <memory>

#include "absl/time/time.h"

namespace playhead::broker::http {

// All methods are for the context's thread.
class Deadline {
 public:
  // The object that has the deadline as a member.
  class Owner {
   public:
    virtual void OnDeadline() = 0;

   protected:
    ~Owner() = default;
  };

  explicit Deadline(boost::asio::io_context& context) : timer_(context) {}

  // Calls OnDeadline once after `timeout`, unless it is set again or cleared before. Keeps `owner` alive while the
  // timer is set, which may be longer than that.
  void Set(absl::Duration timeout, const std::shared_ptr<Owner>& owner);
  void Clear() { at_ = Time::max(); }
  // Clears it and releases the owner.
  void Cancel();

 private:
  using Time = std::chrono::steady_clock::time_point;

  void Arm(std::shared_ptr<Owner> owner);
  void OnTimer(const boost::system::error_code& error, std::shared_ptr<Owner> owner);

  Time at_ = Time::max();
  Time timer_at_ = Time::max();
  boost::asio::steady_timer timer_;
};

}  // namespace playhead::broker::http

#endif  // PLAYHEAD_BROKER_HTTP_DEADLINE_H_
