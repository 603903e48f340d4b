#include "tools/cli/line_reader.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "absl/strings/str_cat.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {
namespace {

constexpr size_t kReadBytes = 256 << 10;

}  // namespace

absl::StatusOr<bool> LineReader::Fill() {
  if (begin_ > 0) {
    buffer_.erase(0, begin_);
    scanned_ -= begin_;
    begin_ = 0;
  }
  while (true) {
    pollfd fds[] = {{fd_, POLLIN, 0}, {interrupt_fd_, POLLIN, 0}};
    if (poll(fds, 2, -1) < 0) continue;
    if (fds[1].revents != 0) return InterruptedError("interrupted");
    const size_t size = buffer_.size();
    buffer_.resize(size + kReadBytes);
    const ssize_t got = read(fd_, buffer_.data() + size, kReadBytes);
    buffer_.resize(size + static_cast<size_t>(got > 0 ? got : 0));
    if (got >= 0) return got > 0;
    if (errno != EINTR && errno != EAGAIN)
      return UsageError(absl::StrCat("cannot read the input: ", std::strerror(errno)));
  }
}

absl::string_view LineReader::Take(size_t end, size_t next) {
  const absl::string_view line(buffer_.data() + begin_, end - begin_);
  consumed_bytes_ += next - begin_;
  ++line_number_;
  begin_ = scanned_ = next;
  return line;
}

absl::StatusOr<std::optional<absl::string_view>> LineReader::Next() {
  while (true) {
    const size_t end = buffer_.find('\n', scanned_);
    if (end != std::string::npos) return Take(end, end + 1);
    scanned_ = buffer_.size();
    if (at_end_) {
      if (begin_ == buffer_.size()) return std::nullopt;
      return Take(buffer_.size(), buffer_.size());
    }
    if (buffer_.size() - begin_ > kLineBytesMax) {
      return UsageError(absl::StrCat("line ", line_number_ + 1, " is longer than ", kLineBytesMax, " bytes"));
    }
    const absl::StatusOr<bool> more = Fill();
    if (!more.ok()) return more.status();
    at_end_ = !*more;
  }
}

}  // namespace playhead::tools
