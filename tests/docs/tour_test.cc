// The C++ of README.md, compiled and run; readme_test compares the text between the two marks with the page.
#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

#include "client/client.h"
#include "client/file_cursor_store.h"
#include "client/testing/test_broker.h"

namespace playhead {
namespace {

absl::Status Tour(const std::string& target, const std::string& cursor_folder,
                  const std::function<void(const Event&)>& Handle) {
  // [tour
  absl::StatusOr<Client> client = Client::Create({.target = target});

  // Takes single events, sends batches; an event is on disk when its callback runs, or when Flush returns.
  absl::StatusOr<Publisher> publisher = client->NewPublisher();
  publisher->Append("my-bot", {.type = "message", .data = R"({"text":"hello"})"}, nullptr).IgnoreError();
  if (absl::Status stored = publisher->Flush(); !stored.ok()) return stored;

  // History, then live. Reconnects by itself; a crash of this program resumes behind what it had handled.
  SubscribeOptions options;
  options.cursor_store = *FileCursorStore::Open(cursor_folder);
  absl::StatusOr<Subscription> subscription = client->Subscribe("my-bot", Start::Beginning(), options);
  for (const Event& event : *subscription) Handle(event);
  return subscription->status();
  // tour]
}

TEST(Readme, TheTourInCppDoesWhatItSays) {
  auto broker = TestBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  const std::string folder = testing::TempDir() + "/cursors";
  std::vector<std::string> seen;
  // Deleting the instance ends the stream, which the page's loop would otherwise follow for ever.
  const absl::Status status = Tour((*broker)->target(), folder, [&](const Event& event) {
    seen.emplace_back(event.data());
    EXPECT_TRUE((*broker)->NewClient().DeleteInstance("my-bot").ok());
  });
  EXPECT_EQ(seen, std::vector<std::string>{R"({"text":"hello"})"});
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
}

}  // namespace
}  // namespace playhead
