// The command-line flags of dialects.
#include "broker/dialects/flags.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/btree_map.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "broker/dialects/all.h"

namespace playhead::broker {
namespace {

using ::testing::ElementsAre;

class Listed final : public DialectFlags {
 public:
  struct Flag {
    std::string section;
    std::string form;
    std::function<void(size_t)> choose;
  };

  void Section(absl::string_view title) override { section_ = std::string(title); }
  void Duration(absl::string_view name, absl::Duration* target, absl::Duration /*min*/, absl::Duration /*max*/,
                absl::string_view /*help*/) override {
    flags.insert({std::string(name), {section_, absl::FormatDuration(*target), nullptr}});
  }

  absl::btree_map<std::string, Flag> flags;

 protected:
  void Words(absl::string_view name, const std::vector<std::string>& words, absl::string_view now,
             absl::string_view /*help*/, std::function<void(size_t)> set) override {
    flags.insert({std::string(name), {section_, absl::StrCat(absl::StrJoin(words, "|"), " ", now), std::move(set)}});
  }

 private:
  std::string section_;
};

TEST(DialectFlagsTest, EachBeginsWithItsDialectAndSaysWhatTheOptionHolds) {
  DialectOptions options;
  options.vzaps.first_frame_delay = absl::Seconds(2);
  options.multiwa.resume = multiwa::ResumeMode::kOff;
  Listed listed;
  AddDialectFlags(options, listed);
  std::vector<std::string> lines;
  for (const auto& [name, flag] : listed.flags) {
    EXPECT_TRUE(absl::StartsWith(name, absl::StrCat(absl::AsciiStrToLower(flag.section), "_"))) << name;
    lines.push_back(absl::StrCat(name, " ", flag.form));
  }
  EXPECT_THAT(lines, ElementsAre("multiwa_grace 1m", "multiwa_resume grace|off off",
                                 "photon_first_subscribe bounce|live bounce", "vzaps_first_frame_delay 2s"));
}

TEST(DialectFlagsTest, TheWordThatIsChosenIsWhatTheOptionHolds) {
  DialectOptions options;
  Listed listed;
  AddDialectFlags(options, listed);
  const auto& choose = listed.flags.at("photon_first_subscribe").choose;
  choose(1);
  EXPECT_EQ(options.photon.first_subscribe, photon::FirstSubscribe::kLive);
  choose(0);
  EXPECT_EQ(options.photon.first_subscribe, photon::FirstSubscribe::kBounce);
}

}  // namespace
}  // namespace playhead::broker
