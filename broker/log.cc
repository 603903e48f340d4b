#include "broker/log.h"

#include <chrono>
#include <string>
#include <utility>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "broker/refusal_counts.h"
#include "proto/errors.h"

namespace playhead::broker {
namespace {

constexpr auto kRefusalInterval = std::chrono::seconds(1);

class RefusalGate {
 public:
  // The number of refusals left out since the last one that was let through; -1 if this one is left out too.
  int64_t Pass() ABSL_LOCKS_EXCLUDED(mu_) {
    const auto now = std::chrono::steady_clock::now();
    absl::MutexLock lock(&mu_);
    if (now < next_) {
      ++left_out_;
      return -1;
    }
    next_ = now + kRefusalInterval;
    return std::exchange(left_out_, 0);
  }

 private:
  absl::Mutex mu_;
  std::chrono::steady_clock::time_point next_ ABSL_GUARDED_BY(mu_);
  int64_t left_out_ ABSL_GUARDED_BY(mu_) = 0;
};

}  // namespace

void LogRefusal(absl::string_view method, const absl::Status& status) {
  const v1::Error error = ToProto(status);
  const std::string& code = error.code();
  CountRefusal(code);
  if (!error.limit().empty()) CountQuotaRefusal(error.limit());
  static RefusalGate& gate = *new RefusalGate();
  const int64_t left_out = gate.Pass();
  if (left_out < 0) return;
  Log().info("event=refused method={} code={} left_out={}", std::string(method), code, left_out);
}

}  // namespace playhead::broker
