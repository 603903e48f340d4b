#include "broker/webhook/store_body.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"

namespace playhead::broker::webhook {
namespace {

struct Stored {
  std::string type;
  std::string id;
  std::string data;
  friend bool operator==(const Stored&, const Stored&) = default;
};

class StoreBodyTest : public ::testing::Test {
 protected:
  absl::StatusOr<size_t> Store(const std::string& text) { return Store(text, core_.core()); }

  static absl::StatusOr<size_t> Store(const std::string& text, const Core& core) {
    StorableBody body{.bytes = std::make_unique<const std::string>(text),
                      .attributes = {{"dialect", "whatsapp"}, {"verified", "true"}}};
    auto events = SplitBody(*body.bytes);
    if (!events.ok()) return events.status();
    body.events = *std::move(events);
    return testing::Await<size_t>([&](auto done) { StoreBody(core, std::move(body), std::move(done)); });
  }

  std::vector<Stored> ReadAll(absl::string_view name) {
    const auto instance = core_.Open(name);
    std::vector<Stored> out;
    storage::Cursor after;
    while (true) {
      const auto page = testing::Await<storage::ReadResult>(
          [&](auto done) { core_.log().Read(instance, {.after = after, .events_max = 10'000}, std::move(done)); });
      if (!page.ok()) {
        ADD_FAILURE() << page.status();
        return out;
      }
      for (const EventView& event : testing::EventsIn(page->slices)) {
        out.push_back({std::string(event.type), std::string(event.id), std::string(event.data)});
        EXPECT_EQ(event.attributes.size(), 2u);
      }
      after = page->next;
      if (page->end_reached) return out;
    }
  }

  testing::BrokerCore core_;
};

std::string Statuses(int first, int count, absl::string_view extra = "") {
  std::string out;
  for (int i = first; i < first + count; ++i) {
    absl::StrAppend(&out, out.empty() ? "" : ",", R"({"id":"w)", i, R"(","status":"read","recipient_id":"r")", extra,
                    "}");
  }
  return absl::StrCat(
      R"({"entry":[{"id":"77","changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},"statuses":[)",
      out, "]}}]}]}");
}

TEST_F(StoreBodyTest, TheCorpusIsStoredOnceHoweverOftenItComes) {
  std::map<std::string, std::vector<Stored>> expected;
  std::vector<std::string> bodies;
  std::ifstream file("tests/data/meta_webhooks.ndjson");
  for (std::string line; bodies.size() < 500 && std::getline(file, line);) bodies.push_back(line);
  size_t stored = 0;
  for (int round = 0; round < 2; ++round) {
    for (const std::string& body : bodies) {
      const auto count = Store(body);
      ASSERT_TRUE(count.ok()) << count.status();
      stored += *count;
      if (round > 0) continue;
      const auto split = SplitBody(body);
      for (const BodyEvent& event : *split) {
        expected[event.instance].push_back({event.type, event.id, event.data()});
      }
    }
  }
  size_t count = 0;
  for (const auto& [instance, events] : expected) {
    EXPECT_EQ(ReadAll(instance), events) << instance;
    count += events.size();
  }
  EXPECT_EQ(stored, count);
}

TEST_F(StoreBodyTest, MoreThanABatchIsStoredInOrder) {
  constexpr int kCount = 24'000;
  const auto stored = Store(Statuses(0, kCount));
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(*stored, static_cast<size_t>(kCount));
  const auto events = ReadAll("1");
  ASSERT_EQ(events.size(), static_cast<size_t>(kCount));
  for (int i = 0; i < kCount; ++i) ASSERT_EQ(events[static_cast<size_t>(i)].id, absl::StrCat("w", i, ":read:r"));
  EXPECT_EQ(*Store(Statuses(0, kCount)), 0u);
}

TEST_F(StoreBodyTest, AnIdWithOtherContentIsStoredBesidesAndSpoilsNothing) {
  ASSERT_TRUE(Store(Statuses(100, 1, R"(,"x":1)")).ok());
  ASSERT_TRUE(Store(Statuses(300, 2, R"(,"x":1)")).ok());
  const std::string body = Statuses(0, 1000);
  const auto stored = Store(body);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(*stored, 1000u);
  const auto events = ReadAll("1");
  ASSERT_EQ(events.size(), 1003u);
  std::set<std::string> marked;
  for (size_t i = 3; i < events.size(); ++i) {
    EXPECT_TRUE(absl::StartsWith(events[i].id, absl::StrCat("w", i - 3, ":read:r"))) << events[i].id;
    if (absl::StrContains(events[i].id, "#")) marked.insert(events[i].id.substr(0, 4));
  }
  EXPECT_EQ(marked, (std::set<std::string>{"w100", "w300", "w301"}));
  // Repeated, it is all there.
  EXPECT_EQ(*Store(body), 0u);
  EXPECT_EQ(ReadAll("1").size(), 1003u);
}

TEST_F(StoreBodyTest, TheSameIdTwiceInOneBodyIsStoredTwiceIfItSaysTwoThings) {
  const std::string body = R"({"entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},)"
                           R"("messages":[{"id":"w"},{"id":"w"},{"id":"w","x":1}]}}]}]})";
  EXPECT_EQ(*Store(body), 2u);
  EXPECT_EQ(*Store(body), 0u);
  const auto events = ReadAll("1");
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].id, "w");
  EXPECT_TRUE(absl::StartsWith(events[1].id, "w#"));
}

TEST_F(StoreBodyTest, SeveralInstancesGetWhatIsTheirs) {
  std::string changes;
  for (int i = 0; i < 30; ++i) {
    absl::StrAppend(&changes, i == 0 ? "" : ",", R"({"field":"messages","value":{"messages":[{"id":"w)", i,
                    R"("}],"metadata":{"phone_number_id":")", i % 3, R"("}}})");
  }
  EXPECT_EQ(*Store(absl::StrCat(R"({"entry":[{"changes":[)", changes, "]}]}")), 30u);
  for (int instance = 0; instance < 3; ++instance) {
    const auto events = ReadAll(absl::StrCat(instance));
    ASSERT_EQ(events.size(), 10u);
    for (int i = 0; i < 10; ++i) EXPECT_EQ(events[static_cast<size_t>(i)].id, absl::StrCat("w", 3 * i + instance));
  }
}

TEST_F(StoreBodyTest, TheLargestBodyIsStoredAsOneEvent) {
  const std::string before =
      R"({"entry":[{"changes":[{"field":"messages","value":{"metadata":{"phone_number_id":"1"},"messages":[{"id":"w","x":")";
  const std::string after = R"("}]}}]}]})";
  const auto stored =
      Store(absl::StrCat(before, std::string(kBodyBytesMax - before.size() - after.size(), 'x'), after));
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(ReadAll("1").size(), 1u);
}

TEST_F(StoreBodyTest, AFullBudgetIsARefusalThatMayBeRetried) {
  const auto grant = core_.core().append_budget.TryAcquire(core_.core().append_budget.bytes_max());
  ASSERT_TRUE(grant.has_value());
  const auto stored = Store(Statuses(0, 1));
  EXPECT_TRUE(HasReason(stored.status(), Reason::kAppendQueueFull));
  EXPECT_TRUE(IsRetryable(stored.status()));
}

}  // namespace
}  // namespace playhead::broker::webhook
