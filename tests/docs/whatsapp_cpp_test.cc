// The C++ of docs/clients/whatsapp-cpp.md, compiled and run. The text between the marks is what the page shows.
#include <gtest/gtest.h>

#include <fstream>
#include <functional>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/client.h"
#include "client/testing/test_broker.h"
#include "client/whatsapp.h"

namespace playhead {
namespace {

// [visitor
struct Answer {
  std::string operator()(const whatsapp::Text& text) const { return "You said: " + text.body; }
  std::string operator()(const whatsapp::Image& image) const { return "Nice picture, " + image.media.id(); }
  std::string operator()(const whatsapp::Interactive& interactive) const {
    const auto* const button = std::get_if<whatsapp::ButtonReply>(&interactive.reply);
    return button != nullptr ? "You chose " + button->title() : "Thank you";
  }
  std::string operator()(const whatsapp::Order& order) const {
    return absl::StrCat(order.order.product_items_size(), " products ordered");
  }
  template <typename Other>
  std::string operator()(const Other&) const {
    return "Please write a text";
  }
};
// visitor]

absl::Status Listen(Client client, const std::string& phone_number_id,
                    const std::function<void(const std::string& to, const std::string& text)>& Send,
                    const std::function<void(const std::string& order, const std::string& problem)>& Report) {
  // [loop
  absl::StatusOr<Subscription> subscription = client.Subscribe(phone_number_id, Start::Beginning());
  for (const Event& event : *subscription) {
    const absl::StatusOr<WhatsAppEvent> view = WhatsAppEvent::From(event);
    if (!view.ok()) continue;  // NOT_RENDERED: neither a message nor a status. EVENT_INVALID: damaged.

    if (const whatsapp::InboundMessage* const message = view->message()) {
      Send(message->from, std::visit(Answer(), message->content));
    } else if (const whatsapp::StatusUpdate* const status = view->status()) {
      if (status->status != whatsapp::MessageStatus::kFailed) continue;
      for (const whatsapp::Error& error : status->errors) {
        Report(status->biz_opaque_callback_data.value_or(status->id), error.title());
      }
    }
  }
  return subscription->status();
  // loop]
}

void Append(Client& client, const std::string& type, const std::string& data) {
  const NewEvent event = {.type = type, .data = data, .attributes = {{"dialect", "whatsapp"}}};
  const auto appended = client.Append("1001", {event});
  ASSERT_TRUE(appended.ok()) << appended.status();
}

TEST(WhatsAppPage, TheExampleDoesWhatItSays) {
  auto broker = TestBroker::Start();
  ASSERT_TRUE(broker.ok()) << broker.status();
  Client client = (*broker)->NewClient();
  Append(client, "message.received", R"({"message":{"id":"1","from":"551","type":"text","text":{"body":"hello"}}})");
  Append(client, "message.received",
         R"({"message":{"id":"2","from":"551","type":"interactive","interactive":{"type":"button_reply",)"
         R"("button_reply":{"id":"yes","title":"Yes"}}}})");
  Append(client, "message.received", R"({"message":{"id":"3","from":"551","type":"image","image":{"id":"77"}}})");
  Append(client, "message.received",
         R"({"message":{"id":"4","from":"551","type":"order","order":{"product_items":[{},{}]}}})");
  Append(client, "message.received", R"({"message":{"id":"5","from":"552","type":"unsupported"}})");
  Append(client, "account.error", R"({"error":{}})");
  Append(client, "status.delivered", R"({"status":{"id":"6","status":"delivered"}})");
  Append(client, "status.failed",
         R"({"status":{"id":"7","status":"failed","biz_opaque_callback_data":"order-7","errors":[{"title":"No"}]}})");
  std::vector<std::string> sent, reported;
  // Deleting the instance ends the stream, which the page's loop would otherwise follow for ever.
  const absl::Status status = Listen(
      client, "1001",
      [&](const std::string& to, const std::string& text) { sent.push_back(absl::StrCat(to, ": ", text)); },
      [&](const std::string& order, const std::string& problem) {
        reported.push_back(absl::StrCat(order, ": ", problem));
        EXPECT_TRUE((*broker)->NewClient().DeleteInstance("1001").ok());
      });
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound) << status;
  EXPECT_EQ(sent, (std::vector<std::string>{"551: You said: hello", "551: You chose Yes", "551: Nice picture, 77",
                                            "551: 2 products ordered", "552: Please write a text"}));
  EXPECT_EQ(reported, std::vector<std::string>{"order-7: No"});
}

std::vector<std::string> Lines(const char* path) {
  std::ifstream file(path);
  EXPECT_TRUE(file.good()) << path;
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  return absl::StrSplit(text, '\n');
}

// What is between the lines `begin` and `end`, without the indentation of the line `begin`.
std::string Between(const std::vector<std::string>& lines, absl::string_view begin, absl::string_view end) {
  std::string text;
  std::string indentation;
  bool inside = false;
  for (const std::string& line : lines) {
    const absl::string_view trimmed = absl::StripLeadingAsciiWhitespace(line);
    if (trimmed == end) inside = false;
    if (inside) absl::StrAppend(&text, absl::StripPrefix(line, indentation), "\n");
    if (trimmed == begin) {
      inside = true;
      indentation.assign(line.size() - trimmed.size(), ' ');
    }
  }
  return text;
}

TEST(WhatsAppPage, ItsCodeIsWhatIsCompiled) {
  const std::vector<std::string> source = Lines("tests/docs/whatsapp_cpp_test.cc");
  const std::string compiled = Between(source, "// [loop", "// loop]") + Between(source, "// [visitor", "// visitor]");
  EXPECT_EQ(Between(Lines("docs/clients/whatsapp-cpp.md"), "```cpp", "```"), compiled);
}

}  // namespace
}  // namespace playhead
