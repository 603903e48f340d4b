#include "broker/dialects/photon/frame_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>

#include <optional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "photon/whatsapp/v1/message_service.pb.h"
#include "storage/event_log.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"
#include "tests/support/broker_core.h"

namespace playhead::broker::photon {
namespace {

namespace wire = ::photon::whatsapp::v1;

using testing::BrokerCore;
using ::testing::ElementsAre;

std::string Text(absl::string_view id) {
  return absl::StrCat(R"({"metadata":{"phone_number_id":"phone"},"message":{"id":")", id,
                      R"(","from":"15550001","timestamp":"1700000000","type":"text","text":{"body":"hello"}}})");
}

class FrameReaderTest : public ::testing::Test {
 protected:
  void Append(absl::string_view type, absl::string_view data, absl::string_view dialect = "whatsapp") {
    NewEvent event{.type = type, .data = data, .attributes = {{"dialect", dialect}}};
    if (dialect.empty()) event.attributes = {};
    testing::AppendAndWait(broker_.log(), "phone", {event});
  }

  // The cursors of the frames of all that was appended, in order.
  std::vector<uint64_t> ReadCursors() {
    const auto instance = broker_.Open("phone");
    auto read = testing::Await<storage::ReadResult>(
        [&](auto done) { broker_.log().Read(instance, {.events_max = 1000}, std::move(done)); });
    FrameReader reader({.instance = "phone"}, {instance->number(), storage::Cursor(), 0}, not_rendered_);
    reader.Add(std::move(read->slices));
    std::vector<uint64_t> cursors;
    while (const auto frame = reader.Next()) {
      wire::SubscribeEventsResponse message;
      EXPECT_TRUE(message.ParseFromString(frame->bytes));
      EXPECT_EQ(message.cursor().value(), frame->position.ToString());
      EXPECT_NE(message.event_case(), wire::SubscribeEventsResponse::EVENT_NOT_SET);
      cursors.push_back(frame->position.cursor.value());
    }
    return cursors;
  }

  BrokerCore broker_;
  prometheus::Counter not_rendered_;
};

TEST_F(FrameReaderTest, ShowsMessagesAndStatusesOfWhatsAppAlone) {
  Append("message.received", Text("wamid.1"));
  Append("message.received", Text("wamid.2"), "baileys");
  Append("message.received", Text("wamid.3"), "");
  Append("message.sent", Text("wamid.4"));
  Append("session.connected", "{}");
  Append("status.read", R"({"status":{"id":"wamid.5","status":"read","timestamp":"1700000000","recipient_id":"1"}})");
  Append("status.deleted", R"({"status":{"id":"wamid.6","status":"deleted","timestamp":"1","recipient_id":"1"}})");
  Append("message.reaction",
         R"({"message":{"id":"wamid.7","from":"1","timestamp":"1","type":"reaction","reaction":{"message_id":"a"}}})");
  EXPECT_THAT(ReadCursors(), ElementsAre(1, 6, 8));
}

TEST_F(FrameReaderTest, PassesOverWhatIsDamaged) {
  Append("message.received", "");
  Append("message.received", "not JSON");
  Append("message.received", R"({"message":[]})");
  Append("status.read", Text("wamid.4"));
  Append("status.read", R"({"status":{"id":"wamid.5","status":"deleted"}})");
  Append("message.received", Text("wamid.6"));
  EXPECT_THAT(ReadCursors(), ElementsAre(6));
  EXPECT_EQ(not_rendered_.Value(), 5);
}

}  // namespace
}  // namespace playhead::broker::photon
