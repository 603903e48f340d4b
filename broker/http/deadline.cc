#include "broker/http/deadline.h"

#include <utility>

namespace playhead::broker::http {

void Deadline::Set(absl::Duration timeout, const std::shared_ptr<Owner>& owner) {
  at_ = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
  if (at_ < timer_at_) Arm(owner);
}

void Deadline::Cancel() {
  Clear();
  timer_.cancel();
}

void Deadline::Arm(std::shared_ptr<Owner> owner) {
  timer_at_ = at_;
  timer_.expires_at(timer_at_);
  timer_.async_wait([this, owner = std::move(owner)](const boost::system::error_code& error) mutable {
    OnTimer(error, std::move(owner));
  });
}

void Deadline::OnTimer(const boost::system::error_code& error, std::shared_ptr<Owner> owner) {
  if (error) return;  // Set again, or cancelled.
  timer_at_ = Time::max();
  if (at_ == Time::max()) return;
  if (std::chrono::steady_clock::now() < at_) return Arm(std::move(owner));
  Clear();
  owner->OnDeadline();
}

}  // namespace playhead::broker::http
