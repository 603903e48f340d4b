#include "tools/cli/library_log.h"

#include <google/protobuf/stubs/logging.h>
#include <grpc/support/log.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "broker/log.h"

namespace playhead::tools {
namespace {

constexpr int64_t kIntervalMs = 1000;

void Drop(gpr_log_func_args* /*args*/) {}

void Forward(gpr_log_func_args* args) {
  if (args->severity < GPR_LOG_SEVERITY_ERROR) return;
  static std::atomic<int64_t> next_ms = 0;
  static std::atomic<int64_t> left_out = 0;
  const int64_t now_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now().time_since_epoch())
          .count();
  int64_t due_ms = next_ms.load();
  if (now_ms < due_ms || !next_ms.compare_exchange_strong(due_ms, now_ms + kIntervalMs)) {
    ++left_out;
    return;
  }
  broker::Log().warn("event=grpc left_out={} message=\"{}\"", left_out.exchange(0), absl::CEscape(args->message));
}

}  // namespace

void DropLibraryLogs() {
  google::protobuf::SetLogHandler(nullptr);
  if (std::getenv("GRPC_VERBOSITY") == nullptr) gpr_set_log_function(&Drop);
}

void ForwardLibraryLogs() {
  google::protobuf::SetLogHandler(nullptr);
  gpr_set_log_function(&Forward);
}

}  // namespace playhead::tools
