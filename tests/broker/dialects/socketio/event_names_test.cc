#include "broker/dialects/socketio/event_names.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "proto/errors.h"

namespace playhead::broker::socketio {
namespace {

using Texts = std::vector<std::string>;

TEST(EventNamesTest, EveryWayToWriteNamesIsRead) {
  EXPECT_EQ(*ReadEventNames(Texts{R"(["a","b"])"}), (Texts{"a", "b"}));
  EXPECT_EQ(*ReadEventNames(Texts{R"("a")", R"("b")"}), (Texts{"a", "b"}));
  EXPECT_EQ(*ReadEventNames(Texts{R"("a")", R"(["b","c"])"}), (Texts{"a", "b", "c"}));
  EXPECT_EQ(*ReadEventNames(Texts{R"({"events":["a"]})"}), (Texts{"a"}));
  EXPECT_EQ(*ReadEventNames(Texts{R"({"events":"a","more":1})"}), (Texts{"a"}));
  EXPECT_EQ(*ReadEventNames(Texts{}), Texts{});
  EXPECT_EQ(*ReadEventNames(Texts{"[]"}), Texts{});
}

TEST(EventNamesTest, AnythingElseIsRefused) {
  for (const char* argument :
       {"7", "null", "true", "{}", R"([["a"]])", R"(["a",7])", R"({"names":["a"]})", "nonsense"}) {
    EXPECT_TRUE(HasReason(ReadEventNames(Texts{argument}).status(), Reason::kFilterInvalid)) << argument;
  }
}

}  // namespace
}  // namespace playhead::broker::socketio
