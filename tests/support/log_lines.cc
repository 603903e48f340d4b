#include "tests/support/log_lines.h"

#include <spdlog/sinks/base_sink.h>

#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/match.h"
#include "absl/synchronization/mutex.h"
#include "storage/log.h"

namespace playhead::testing {

class LogLines::Sink : public spdlog::sinks::base_sink<std::mutex> {
 public:
  void Await(absl::string_view text, int lines) ABSL_LOCKS_EXCLUDED(mu_) {
    const auto found = [this, text, lines]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return CountLocked(text) >= lines; };
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(&found));
  }

  int Count(absl::string_view text) const ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    return CountLocked(text);
  }

 private:
  void sink_it_(const spdlog::details::log_msg& message) override ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    lines_.emplace_back(message.payload.data(), message.payload.size());
  }
  void flush_() override {}

  int CountLocked(absl::string_view text) const ABSL_SHARED_LOCKS_REQUIRED(mu_) {
    int count = 0;
    for (const std::string& line : lines_) count += absl::StrContains(line, text) ? 1 : 0;
    return count;
  }

  mutable absl::Mutex mu_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mu_);
};

LogLines::LogLines() : sink_(std::make_shared<Sink>()) { storage::Log().sinks().push_back(sink_); }

LogLines::~LogLines() { storage::Log().sinks().pop_back(); }

void LogLines::Await(absl::string_view text, int lines) { sink_->Await(text, lines); }

int LogLines::Count(absl::string_view text) const { return sink_->Count(text); }

}  // namespace playhead::testing
