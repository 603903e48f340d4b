#include "storage/event_filter.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/errors.h"
#include "storage/block.h"

namespace playhead::storage {
namespace {

EventFilter Make(const std::vector<absl::string_view>& patterns, absl::string_view id_prefix = "") {
  const auto filter = EventFilter::Make(patterns, id_prefix);
  EXPECT_TRUE(filter.ok()) << filter.status();
  return *filter;
}

TEST(EventFilterTest, NoPatternMatchesAll) {
  EXPECT_TRUE(EventFilter().IsDefault());
  EXPECT_TRUE(Make({}).IsDefault());
  EXPECT_TRUE(Make({}).MatchesType(""));
  EXPECT_TRUE(Make({"*"}).IsDefault());
  EXPECT_TRUE(Make({"a", "*"}).MatchesType("b"));
}

TEST(EventFilterTest, NamesMatchExactlyAndPrefixesAtTheBeginning) {
  const EventFilter filter = Make({"message", "status.*", "a*b"});
  EXPECT_FALSE(filter.IsDefault());
  EXPECT_FALSE(filter.MatchesShownTypes());
  EXPECT_TRUE(filter.MatchesType("message"));
  EXPECT_FALSE(filter.MatchesType("message."));
  EXPECT_FALSE(filter.MatchesType("Message"));
  EXPECT_FALSE(filter.MatchesType("messag"));
  EXPECT_TRUE(filter.MatchesType("status."));
  EXPECT_TRUE(filter.MatchesType("status.read"));
  EXPECT_FALSE(filter.MatchesType("status"));
  EXPECT_FALSE(filter.MatchesType("xstatus.read"));
  EXPECT_FALSE(filter.MatchesType(""));
  EXPECT_TRUE(filter.MatchesType("a*b")) << "only a star at the end is special";
  EXPECT_FALSE(filter.MatchesType("axb"));
}

TEST(EventFilterTest, TwoStarsAreAPrefixThatEndsInOne) {
  EXPECT_TRUE(Make({"a**"}).MatchesType("a*x"));
  EXPECT_FALSE(Make({"a**"}).MatchesType("ax"));
}

TEST(EventFilterTest, AHiddenTypeMustBeNamed) {
  const std::string hidden = "playhead.hidden.unverified_webhook";
  EXPECT_FALSE(EventFilter().MatchesType(hidden));
  EXPECT_FALSE(Make({"*"}).MatchesType(hidden));
  EXPECT_FALSE(Make({"play*", "playhead.*", "playhead.hidden*", "p*"}).MatchesType(hidden));
  EXPECT_TRUE(Make({"playhead.hidden.*"}).MatchesType(hidden));
  EXPECT_TRUE(Make({"playhead.hidden.unv*"}).MatchesType(hidden));
  EXPECT_TRUE(Make({hidden}).MatchesType(hidden));
  EXPECT_FALSE(Make({"playhead.hidden.other", "playhead.hidden.v*"}).MatchesType(hidden));
  EXPECT_TRUE(EventFilter().MatchesType("playhead.hidden")) << "what only looks alike is not hidden";
  EXPECT_TRUE(Make({"playhead.*"}).MatchesType("playhead.hidden_too"));
  const EventFilter everything = Make({"*", "playhead.hidden.*"});
  EXPECT_FALSE(everything.IsDefault());
  EXPECT_TRUE(everything.MatchesType(hidden));
  EXPECT_TRUE(everything.MatchesType("message"));
}

TEST(EventFilterTest, TellsWhetherAHiddenTypeIsNamed) {
  EXPECT_FALSE(EventFilter().NamesHiddenTypes());
  EXPECT_FALSE(Make({"*", "play*", "playhead.*", "playhead.hidden*", "playhead.hidden"}).NamesHiddenTypes());
  EXPECT_TRUE(Make({"playhead.hidden.*"}).NamesHiddenTypes());
  EXPECT_TRUE(Make({"a", "playhead.hidden.unv*"}).NamesHiddenTypes());
  EXPECT_TRUE(Make({"playhead.hidden.unverified_webhook", "a"}).NamesHiddenTypes());
}

TEST(EventFilterTest, AnIdPrefixIsAFilterOfItsOwn) {
  const EventFilter filter = Make({}, "wamid.");
  EXPECT_FALSE(filter.IsDefault());
  EXPECT_TRUE(filter.MatchesShownTypes());
  EXPECT_EQ(filter.id_prefix(), "wamid.");
}

TEST(EventFilterTest, LimitsAreExact) {
  std::vector<absl::string_view> patterns(EventFilter::kPatternsMax, "a");
  EXPECT_TRUE(EventFilter::Make(patterns).ok());
  patterns.push_back("a");
  EXPECT_TRUE(HasReason(EventFilter::Make(patterns).status(), Reason::kFilterInvalid));
  EXPECT_TRUE(HasReason(EventFilter::Make({""}).status(), Reason::kFilterInvalid));
  const std::string longest(128, 't');
  EXPECT_TRUE(EventFilter::Make({longest}).ok());
  EXPECT_TRUE(EventFilter::Make({longest + "*"}).ok());
  EXPECT_TRUE(HasReason(EventFilter::Make({longest + "t"}).status(), Reason::kFilterInvalid));
  EXPECT_TRUE(EventFilter::Make({}, std::string(256, 'i')).ok());
  EXPECT_TRUE(HasReason(EventFilter::Make({}, std::string(257, 'i')).status(), Reason::kFilterInvalid));
}

TEST(TypeSummaryTest, SaysWhetherABlockCanBeTakenOrSkippedWhole) {
  TypeSummary summary;
  summary.Add("message", "");
  summary.Add("status.read", "meta");
  EXPECT_EQ(summary.Matches(Make({})), TypeSummary::Match::kAll);
  EXPECT_EQ(summary.Matches(Make({"message", "status.*"})), TypeSummary::Match::kAll);
  EXPECT_EQ(summary.Matches(Make({"status.*"})), TypeSummary::Match::kSome);
  EXPECT_EQ(summary.Matches(Make({"other"})), TypeSummary::Match::kNone);
  EXPECT_EQ(summary.Matches(Make({}, "id")), TypeSummary::Match::kSome) << "of ids it says nothing";
  EXPECT_EQ(summary.Matches(Make({"other"}, "id")), TypeSummary::Match::kNone);
  for (size_t i = 0; i < TypeSummary::kEntriesMax; ++i) summary.Add(std::string(i + 1, 'x'), "");
  EXPECT_TRUE(summary.many());
  EXPECT_EQ(summary.Matches(Make({"other"})), TypeSummary::Match::kSome) << "must be looked into";
  EXPECT_EQ(summary.Matches(Make({})), TypeSummary::Match::kAll);
}

TEST(TypeSummaryTest, HiddenTypesAreNeverTakenWithTheRest) {
  TypeSummary summary;
  summary.Add("playhead.hidden.x", "");
  EXPECT_TRUE(summary.hidden());
  EXPECT_EQ(summary.Matches(Make({})), TypeSummary::Match::kNone);
  EXPECT_EQ(summary.Matches(Make({"playhead.hidden.*"})), TypeSummary::Match::kAll);
  summary.Add("message", "");
  EXPECT_EQ(summary.Matches(Make({})), TypeSummary::Match::kSome);
  EXPECT_EQ(summary.Matches(Make({"*", "playhead.hidden.x"})), TypeSummary::Match::kAll);
}

}  // namespace
}  // namespace playhead::storage
