// A progress bar on stderr with rate and time left; nothing if stderr is not a terminal.
#ifndef PLAYHEAD_TOOLS_CLI_PROGRESS_H_
#define PLAYHEAD_TOOLS_CLI_PROGRESS_H_

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace playhead::tools {

// What the bar shows.
struct ProgressState {
  uint64_t done_bytes = 0;
  std::optional<uint64_t> total_bytes;  // Unset if not known, as for a pipe.
  uint64_t events = 0;
  absl::Duration elapsed;
};

// The bar as text of at most `columns` characters:
//   "  43% ━━━━━━━━━━━──────────────  1,720 events  412/s  0:05 left".
std::string FormatProgress(const ProgressState& state, size_t columns);

// Thread safety: Set may be called from any thread. Draws from a thread of its own; the destructor clears the bar.
class Progress {
 public:
  explicit Progress(std::optional<uint64_t> total_bytes);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void SetBytes(uint64_t done) { bytes_.store(done, std::memory_order_relaxed); }
  void SetEvents(uint64_t done) { events_.store(done, std::memory_order_relaxed); }

 private:
  void Draw();

  const std::optional<uint64_t> total_bytes_;
  const absl::Time start_;
  std::atomic<uint64_t> bytes_{0};
  std::atomic<uint64_t> events_{0};
  absl::Notification stop_;
  std::thread thread_;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_PROGRESS_H_
