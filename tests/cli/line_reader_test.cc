#include "tools/cli/line_reader.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

namespace playhead::tools {
namespace {

class LineReaderTest : public testing::Test {
 protected:
  LineReaderTest() {
    EXPECT_EQ(pipe(input_), 0);
    EXPECT_EQ(pipe(interrupt_), 0);
  }
  ~LineReaderTest() override {
    CloseInput();
    for (const int fd : {input_[0], interrupt_[0], interrupt_[1]}) close(fd);
  }
  void Write(const std::string& text) {
    EXPECT_EQ(write(input_[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void CloseInput() {
    if (input_[1] >= 0) close(input_[1]);
    input_[1] = -1;
  }
  static std::vector<std::string> ReadAll(LineReader& reader) {
    std::vector<std::string> lines;
    while (true) {
      const auto line = reader.Next();
      EXPECT_TRUE(line.ok()) << line.status();
      if (!line.ok() || !line->has_value()) return lines;
      lines.emplace_back(**line);
    }
  }

  int input_[2];
  int interrupt_[2];
};

TEST_F(LineReaderTest, ReturnsEachLineAndCountsBytes) {
  Write("one\n\nthree");
  CloseInput();
  LineReader reader(input_[0], interrupt_[0]);
  EXPECT_EQ(ReadAll(reader), (std::vector<std::string>{"one", "", "three"}));
  EXPECT_EQ(reader.consumed_bytes(), 10u);
  EXPECT_EQ(reader.line_number(), 3u);
}

TEST_F(LineReaderTest, PutsALineTogetherFromPieces) {
  const std::string piece(60'000, 'x');
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) Write(piece);
    Write("\nend\n");
    CloseInput();
  });
  LineReader reader(input_[0], interrupt_[0]);
  const std::vector<std::string> lines = ReadAll(reader);
  writer.join();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].size(), 20 * piece.size());
  EXPECT_EQ(lines[1], "end");
}

TEST_F(LineReaderTest, RefusesALineWithoutEnd) {
  std::thread writer([&] {
    const std::string piece(1 << 16, 'x');
    for (size_t sent = 0; sent <= LineReader::kLineBytesMax + (size_t{1} << 20); sent += piece.size()) {
      if (write(input_[1], piece.data(), piece.size()) < 0) return;
    }
  });
  LineReader reader(input_[0], interrupt_[0]);
  EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kInvalidArgument);
  // What the writer still has to say is read away.
  std::string rest(1 << 16, '\0');
  std::thread drain([&] {
    while (read(input_[0], rest.data(), rest.size()) > 0) {
    }
  });
  writer.join();
  CloseInput();
  drain.join();
}

TEST_F(LineReaderTest, AnInterruptEndsAReadThatWaits) {
  LineReader reader(input_[0], interrupt_[0]);
  std::thread interrupter([&] { EXPECT_EQ(write(interrupt_[1], "x", 1), 1); });
  EXPECT_EQ(reader.Next().status().code(), absl::StatusCode::kCancelled);
  interrupter.join();
}

}  // namespace
}  // namespace playhead::tools
