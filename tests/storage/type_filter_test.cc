#include "storage/type_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/errors.h"
#include "storage/block.h"

namespace playhead::storage {
namespace {

TypeFilter Make(const std::vector<absl::string_view>& patterns) {
  const auto filter = TypeFilter::Make(patterns);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return *filter;
}

TEST(TypeFilterTest, NoPatternMatchesAll) {
  EXPECT_TRUE(TypeFilter().MatchesAll());
  EXPECT_TRUE(Make({}).MatchesAll());
  EXPECT_TRUE(Make({}).Matches(""));
  EXPECT_TRUE(Make({"*"}).MatchesAll());
  EXPECT_TRUE(Make({"a", "*"}).Matches("b"));
}

TEST(TypeFilterTest, NamesMatchExactlyAndPrefixesAtTheBeginning) {
  const TypeFilter filter = Make({"message", "status.*", "a*b"});
  EXPECT_FALSE(filter.MatchesAll());
  EXPECT_TRUE(filter.Matches("message"));
  EXPECT_FALSE(filter.Matches("message."));
  EXPECT_FALSE(filter.Matches("Message"));
  EXPECT_FALSE(filter.Matches("messag"));
  EXPECT_TRUE(filter.Matches("status."));
  EXPECT_TRUE(filter.Matches("status.read"));
  EXPECT_FALSE(filter.Matches("status"));
  EXPECT_FALSE(filter.Matches("xstatus.read"));
  EXPECT_FALSE(filter.Matches(""));
  EXPECT_TRUE(filter.Matches("a*b")) << "only a star at the end is special";
  EXPECT_FALSE(filter.Matches("axb"));
}

TEST(TypeFilterTest, TwoStarsAreAPrefixThatEndsInOne) {
  EXPECT_TRUE(Make({"a**"}).Matches("a*x"));
  EXPECT_FALSE(Make({"a**"}).Matches("ax"));
}

TEST(TypeFilterTest, LimitsAreExact) {
  std::vector<absl::string_view> patterns(TypeFilter::kPatternsMax, "a");
  EXPECT_TRUE(TypeFilter::Make(patterns).ok());
  patterns.push_back("a");
  EXPECT_TRUE(HasReason(TypeFilter::Make(patterns).status(), Reason::kFilterInvalid));
  EXPECT_TRUE(HasReason(TypeFilter::Make({""}).status(), Reason::kFilterInvalid));
  const std::string longest(128, 't');
  EXPECT_TRUE(TypeFilter::Make({longest}).ok());
  EXPECT_TRUE(TypeFilter::Make({longest + "*"}).ok());
  EXPECT_TRUE(HasReason(TypeFilter::Make({longest + "t"}).status(), Reason::kFilterInvalid));
}

TEST(TypeSummaryTest, SaysWhetherABlockCanBeTakenOrSkippedWhole) {
  TypeSummary summary;
  summary.Add("message", "");
  summary.Add("status.read", "meta");
  EXPECT_EQ(summary.Matches(Make({})), TypeSummary::Match::kAll);
  EXPECT_EQ(summary.Matches(Make({"message", "status.*"})), TypeSummary::Match::kAll);
  EXPECT_EQ(summary.Matches(Make({"status.*"})), TypeSummary::Match::kSome);
  EXPECT_EQ(summary.Matches(Make({"other"})), TypeSummary::Match::kNone);
  for (size_t i = 0; i < TypeSummary::kEntriesMax; ++i) summary.Add(std::string(i + 1, 'x'), "");
  EXPECT_TRUE(summary.many());
  EXPECT_EQ(summary.Matches(Make({"other"})), TypeSummary::Match::kSome) << "must be looked into";
  EXPECT_EQ(summary.Matches(Make({})), TypeSummary::Match::kAll);
}

}  // namespace
}  // namespace playhead::storage
