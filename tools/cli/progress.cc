#include "tools/cli/progress.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

constexpr absl::Duration kRedrawInterval = absl::Milliseconds(100);
constexpr size_t kBarColumnsMax = 30;

std::string FormatLeft(absl::Duration left) {
  const int64_t seconds = absl::ToInt64Seconds(absl::Ceil(left, absl::Seconds(1)));
  if (seconds >= 3600) return absl::StrFormat("%d:%02d:%02d left", seconds / 3600, seconds / 60 % 60, seconds % 60);
  return absl::StrFormat("%d:%02d left", seconds / 60, seconds % 60);
}

}  // namespace

std::string FormatProgress(const ProgressState& state, size_t columns) {
  const double seconds = std::max(absl::ToDoubleSeconds(state.elapsed), 1e-3);
  const auto rate = static_cast<uint64_t>(static_cast<double>(state.events) / seconds);
  std::string text = absl::StrCat(WithThousands(state.events), " events  ", WithThousands(rate), "/s");
  if (!state.total_bytes.has_value()) return Fit(text, columns);
  const double part =
      *state.total_bytes == 0
          ? 1
          : std::min(1.0, static_cast<double>(state.done_bytes) / static_cast<double>(*state.total_bytes));
  if (part > 0) absl::StrAppend(&text, "  ", FormatLeft(state.elapsed * ((1 - part) / part)));
  const std::string percent = absl::StrFormat("%3.0f%%", part * 100);
  const size_t used = percent.size() + 1 + 2 + text.size();
  std::string bar;
  if (columns > used) {
    const size_t width = std::min(kBarColumnsMax, columns - used);
    const auto full = static_cast<size_t>(part * static_cast<double>(width));
    for (size_t i = 0; i < width; ++i) absl::StrAppend(&bar, i < full ? "━" : "─");
  }
  return Fit(absl::StrCat(percent, " ", bar, "  ", text), columns);
}

Progress::Progress(std::optional<uint64_t> total_bytes) : total_bytes_(total_bytes), start_(absl::Now()) {
  if (IsTerminal(stderr)) thread_ = std::thread([this] { Draw(); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  stop_.Notify();
  thread_.join();
}

void Progress::Draw() {
  while (!stop_.WaitForNotificationWithTimeout(kRedrawInterval)) {
    const size_t columns = TerminalColumns(stderr).value_or(80);
    const std::string text = FormatProgress({.done_bytes = bytes_.load(std::memory_order_relaxed),
                                             .total_bytes = total_bytes_,
                                             .events = events_.load(std::memory_order_relaxed),
                                             .elapsed = absl::Now() - start_},
                                            columns - 1);
    std::fprintf(stderr, "\r%s\x1b[K", text.c_str());
  }
  std::fputs("\r\x1b[K", stderr);
}

}  // namespace playhead::tools
