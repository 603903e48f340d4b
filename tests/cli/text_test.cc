#include "tools/cli/text.h"

#include <gtest/gtest.h>

namespace playhead::tools {
namespace {

TEST(ParseBytes, TakesUnitsAndFractions) {
  EXPECT_EQ(ParseBytes("0"), 0u);
  EXPECT_EQ(ParseBytes("65536"), 65536u);
  EXPECT_EQ(ParseBytes("512B"), 512u);
  EXPECT_EQ(ParseBytes("64KiB"), 65536u);
  EXPECT_EQ(ParseBytes("64k"), 65536u);
  EXPECT_EQ(ParseBytes("1.5GiB"), 1610612736u);
  EXPECT_EQ(ParseBytes("2TiB"), uint64_t{2} << 40);
}

TEST(ParseBytes, RefusesWhatIsNoSize) {
  for (const char* text :
       {"", "MiB", "-1", "1.5", "1 MB", "64KB", "nan", "infMiB", "99999999999999999999", "20000000TiB"}) {
    EXPECT_EQ(ParseBytes(text), std::nullopt) << text;
  }
}

TEST(FormatBytes, IsWhatParseBytesReads) {
  for (const uint64_t bytes : {uint64_t{0}, uint64_t{1000}, uint64_t{1} << 10, uint64_t{64} << 20, uint64_t{3} << 40}) {
    EXPECT_EQ(ParseBytes(FormatBytes(bytes)), bytes);
  }
  EXPECT_EQ(FormatBytes(uint64_t{64} << 20), "64MiB");
}

TEST(ParseDuration, TakesDaysToo) {
  EXPECT_EQ(ParseDuration("1h30m"), absl::Minutes(90));
  EXPECT_EQ(ParseDuration("250ms"), absl::Milliseconds(250));
  EXPECT_EQ(ParseDuration("8d"), absl::Hours(192));
  for (const char* text : {"", "10", "-1s", "soon", "-2d"}) EXPECT_EQ(ParseDuration(text), std::nullopt) << text;
}

TEST(FormatSpan, CountsWholeDaysFirst) {
  EXPECT_EQ(FormatSpan(absl::ZeroDuration()), "0");
  EXPECT_EQ(FormatSpan(absl::Minutes(90)), "1h30m");
  EXPECT_EQ(FormatSpan(absl::Hours(24)), "1d");
  EXPECT_EQ(FormatSpan(absl::Hours(24 * 90 + 12)), "90d12h");
}

TEST(Printable, EscapesWhatATerminalActsOn) {
  EXPECT_EQ(Printable("a\tb\nc"), "a\\tb\\nc");
  EXPECT_EQ(Printable("\x1b]0;x\x07"), "\\x1b]0;x\\x07");
  EXPECT_EQ(Printable("\xc2\x9b"
                      "31m"),
            "\\xc2\\x9b31m");
  EXPECT_EQ(Printable("ü 😀 €"), "ü 😀 €");
  EXPECT_EQ(Printable("\xff\xc3(\xe2\x82"), "\\xff\\xc3(\\xe2\\x82");
  EXPECT_EQ(Printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");
}

TEST(Fit, CutsBetweenCharacters) {
  EXPECT_EQ(Fit("short", 5), "short");
  EXPECT_EQ(Fit("longer", 5), "long…");
  EXPECT_EQ(Fit("äöüäöü", 4), "äöü…");
  EXPECT_EQ(Fit("x", 0), "…");
}

TEST(WithThousands, Groups) {
  EXPECT_EQ(WithThousands(0), "0");
  EXPECT_EQ(WithThousands(999), "999");
  EXPECT_EQ(WithThousands(1000), "1,000");
  EXPECT_EQ(WithThousands(1234567), "1,234,567");
}

TEST(ParseTime, ReadsRfc3339) {
  EXPECT_EQ(ParseTime("2026-09-21T14:13:22.000007Z"), absl::FromUnixMicros(1'790'000'002'000'007));
  EXPECT_EQ(ParseTime("2026-09-21T16:13:22.000007+02:00"), absl::FromUnixMicros(1'790'000'002'000'007));
  EXPECT_EQ(ParseTime("2026-09-21"), std::nullopt);
}

}  // namespace
}  // namespace playhead::tools
