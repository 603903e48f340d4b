// The fuzz targets over their corpora: real examples, and every input that ever broke a promise.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/fuzz/targets.h"

namespace playhead::fuzz {
namespace {

constexpr char kCorpora[] = "tests/fuzz/corpus";

class FuzzTest : public ::testing::TestWithParam<Target> {};

TEST_P(FuzzTest, KeepsItsPromises) {
  size_t inputs = 0;
  for (const auto& entry : std::filesystem::directory_iterator(absl::StrCat(kCorpora, "/", GetParam().name))) {
    std::cout << entry.path() << std::endl;  // The last one is what it died of.
    std::ifstream file(entry.path(), std::ios::binary);
    // Of its own size, so that the address sanitizer sees every step beyond it.
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    GetParam().run(absl::string_view(bytes.data(), bytes.size()));
    ++inputs;
  }
  EXPECT_GT(inputs, 0u) << "a target needs examples";
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzTest, ::testing::ValuesIn(Targets().begin(), Targets().end()),
                         [](const auto& target) { return target.param.name; });

TEST(FuzzCorpusTest, EveryCorpusHasATarget) {
  std::set<std::string> corpora, targets;
  for (const auto& entry : std::filesystem::directory_iterator(kCorpora)) corpora.insert(entry.path().filename());
  for (const Target& target : Targets()) targets.insert(target.name);
  EXPECT_EQ(corpora, targets);
}

}  // namespace
}  // namespace playhead::fuzz
