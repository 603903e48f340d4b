// Reads lines from a descriptor; an interrupt ends a blocked read.
#ifndef PLAYHEAD_TOOLS_CLI_LINE_READER_H_
#define PLAYHEAD_TOOLS_CLI_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace playhead::tools {

// Not thread-safe. Borrows both descriptors.
class LineReader {
 public:
  // A line longer than this is refused: the largest event, as base64 in JSON, is shorter.
  static constexpr size_t kLineBytesMax = size_t{8} << 20;

  // `interrupt_fd` becomes readable when reading must stop.
  LineReader(int fd, int interrupt_fd) : fd_(fd), interrupt_fd_(interrupt_fd) {}

  // The next line without its line break, valid until the next call; nullopt at the end of the input. The last line
  // needs no line break.
  //   Cancelled        interrupted.
  //   InvalidArgument  the line is too long, or the input cannot be read.
  absl::StatusOr<std::optional<absl::string_view>> Next();

  // The bytes of the lines returned so far, with their line breaks.
  uint64_t consumed_bytes() const { return consumed_bytes_; }
  // The number of the line returned last; the first is 1.
  uint64_t line_number() const { return line_number_; }

 private:
  // Waits for input and appends it to the buffer; false at the end of the input.
  absl::StatusOr<bool> Fill();
  absl::string_view Take(size_t end, size_t next);

  const int fd_;
  const int interrupt_fd_;
  std::string buffer_;
  size_t begin_ = 0;    // The beginning of the next line.
  size_t scanned_ = 0;  // Between `begin_` and this, there is no line break.
  bool at_end_ = false;
  uint64_t consumed_bytes_ = 0;
  uint64_t line_number_ = 0;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_LINE_READER_H_
