// The fuzz targets over their corpora, real examples and every input that ever broke a promise, and over a fixed number
// of mutations of them. libFuzzer, which sees what an input reaches, is tests/fuzz/run.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/fuzz/targets.h"
#include "tests/storage/append_mutations.h"
#include "tests/support/seed.h"

namespace playhead::fuzz {
namespace {

constexpr char kCorpora[] = "tests/fuzz/corpus";

class FuzzTest : public ::testing::TestWithParam<Target> {};

// Of its own size, so that the address sanitizer sees every step beyond it.
void RunOn(const Target& target, const std::string& input) {
  const std::vector<char> bytes(input.begin(), input.end());
  target.run(absl::string_view(bytes.data(), bytes.size()));
}

TEST_P(FuzzTest, KeepsItsPromises) {
  std::vector<std::string> corpus;
  for (const auto& entry : std::filesystem::directory_iterator(absl::StrCat(kCorpora, "/", GetParam().name))) {
    std::cout << entry.path() << std::endl;  // The last one is what it died of.
    std::ifstream file(entry.path(), std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    RunOn(GetParam(), corpus.back());
  }
  ASSERT_FALSE(corpus.empty()) << "a target needs examples";
  std::sort(corpus.begin(), corpus.end());  // A folder has no order of its own.
  playhead::testing::Random random(playhead::testing::TestSeed());
  for (int round = 0; round < GetParam().mutations; ++round) {
    RunOn(GetParam(), storage::Mutated(corpus[random.Below(corpus.size())], random));
  }
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
