// Event names are accepted in the spellings that people use, and stored in VZaps' own.
#include "broker/dialects/vzaps/subscribed_events.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/errors.h"

namespace playhead::broker::vzaps {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<std::string> Checked(const std::vector<std::string>& names) {
  auto events = CheckEventNames(names);
  EXPECT_TRUE(events.ok()) << events.status();
  return events.ok() ? *std::move(events) : std::vector<std::string>();
}

TEST(SubscribedEventsTest, NamesInAnyCaseAreKeptInVZapsSpellingEachOnce) {
  EXPECT_THAT(Checked({"presence", "MESSAGE", "Message", "Presence"}), ElementsAre("Message", "Presence"));
}

TEST(SubscribedEventsTest, EveryNameThatTheSdksKnowIsTaken) {
  EXPECT_THAT(Checked({"Message", "ReadReceipt", "Presence", "HistorySync", "ChatPresence", "Connected", "Disconnected",
                       "GroupParticipantsAdd", "GroupParticipantsRemove"}),
              ::testing::SizeIs(9));
}

TEST(SubscribedEventsTest, AllStandsForWhateverIsNamedBesideIt) {
  EXPECT_THAT(Checked({"Message", "all"}), ElementsAre("All"));
}

TEST(SubscribedEventsTest, AnUnknownNameIsRefusedWithThoseThatThereAre) {
  for (const std::string name : {"Massage", "", "Message "}) {
    const absl::Status status = CheckEventNames({"Message", name}).status();
    EXPECT_TRUE(HasReason(status, Reason::kFilterInvalid)) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr("VZaps has no event \"" + name + "\""));
    EXPECT_THAT(std::string(status.message()), HasSubstr("Message, ReadReceipt, "));
    EXPECT_THAT(std::string(status.message()), HasSubstr(", or All"));
  }
  const absl::Status status = CheckEventNames({std::string(100'000, 'x')}).status();
  EXPECT_LT(status.message().size(), 500u) << "a trailer carries it";
}

TEST(SubscribedEventsTest, NoNameAtAllIsRefused) {
  const absl::Status status = CheckEventNames({}).status();
  EXPECT_TRUE(HasReason(status, Reason::kFilterInvalid)) << status;
}

}  // namespace
}  // namespace playhead::broker::vzaps
