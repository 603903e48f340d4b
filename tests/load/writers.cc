#include "tests/load/writers.h"

#include <gtest/gtest.h>

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/time/clock.h"
#include "absl/types/span.h"
#include "broker/webhook/signature.h"
#include "client/client.h"
#include "client/webhooks_client.h"
#include "tests/load/numbered_messages.h"
#include "tests/support/http_connection.h"

namespace playhead::testing {
namespace {

constexpr absl::string_view kAppSecret = "the-app-secret";
constexpr size_t kTextBytes = 2;  // Of a webhook's message.

// JSON, since readers over HTTP get JSON unchanged.
std::string DataOf(uint64_t number) { return absl::StrCat("\"", MessageId(number), "\""); }

class CallWriter final : public Writer {
 public:
  CallWriter(const Place& place, Acknowledged acknowledged)
      : client_(place.NewClient()), acknowledged_(std::move(acknowledged)) {}

  const std::string& instance() const override { return instance_; }

  void Write(uint64_t number) override {
    const std::string data = DataOf(number);
    const NewEvent event = {.type = "t", .data = data};
    AppendOptions options;
    options.producer.emplace();
    options.producer->set_id("calls");
    options.producer->set_sequence(number);
    const auto appended = client_.Append(instance_, absl::MakeConstSpan(&event, 1), options);
    ASSERT_TRUE(appended.ok()) << appended.status();
    EXPECT_EQ(appended->receipts[0].cursor, number);
    acknowledged_();
  }

 private:
  const std::string instance_ = absl::StrCat(kLoadPrefix, "calls");
  Client client_;
  const Acknowledged acknowledged_;
};

class PublishingWriter final : public Writer {
 public:
  PublishingWriter(const Place& place, Acknowledged acknowledged)
      : acknowledged_(std::move(acknowledged)),
        publisher_(*place.NewClient().NewPublisher({.window_events_max = 20})) {}

  const std::string& instance() const override { return instance_; }

  void Write(uint64_t number) override {
    const std::string data = DataOf(number);
    const absl::Status accepted =
        publisher_.Append(instance_, {.type = "t", .data = data}, [this, number](absl::StatusOr<Receipt> receipt) {
          ASSERT_TRUE(receipt.ok()) << receipt.status();
          EXPECT_EQ(receipt->cursor, number);
          acknowledged_();
        });
    ASSERT_TRUE(accepted.ok()) << accepted;
  }

  void Finish() override {
    const absl::Status flushed = publisher_.Flush(absl::Now() + kLoadPatience);
    EXPECT_TRUE(flushed.ok()) << flushed;
  }

 private:
  const std::string instance_ = absl::StrCat(kLoadPrefix, "publisher");
  const Acknowledged acknowledged_;
  Publisher publisher_;
};

// Repeats a request until it is answered with 200. Any other answer must be retryable.
class PostingWriter : public Writer {
 public:
  PostingWriter(const Place& place, Acknowledged acknowledged)
      : address_(place.http), acknowledged_(std::move(acknowledged)) {}

 protected:
  // Returns the body of the answer.
  std::string Post(absl::string_view path, absl::string_view headers, absl::string_view body) {
    for (;;) {
      if (connection_ == nullptr) connection_ = std::make_unique<HttpConnection>(address_);
      HttpResponse answer = connection_->Call("POST", path, headers, body);
      if (answer.status == 200) {
        acknowledged_();
        return std::move(answer.body);
      }
      connection_.reset();
      if (answer.status == 0 || answer.headers["x-retryable"] == "true") continue;
      ADD_FAILURE() << path << " is refused for good: " << answer.status << " " << answer.body;
      return "";
    }
  }

 private:
  const std::string address_;
  const Acknowledged acknowledged_;
  std::unique_ptr<HttpConnection> connection_;
};

class HttpWriter final : public PostingWriter {
 public:
  using PostingWriter::PostingWriter;

  const std::string& instance() const override { return instance_; }

  void Write(uint64_t number) override {
    const std::string text = MessageId(number);
    const std::string answer =
        Post(absl::StrCat("/v1/instances/", instance_, "/events"), "Content-Type: application/json\r\n",
             absl::StrCat(R"({"type":"t","id":")", text, R"(","data":")", text, R"("})"));
    EXPECT_TRUE(absl::StartsWith(answer, absl::StrCat(R"({"cursors":[)", number, "]"))) << answer;
    EXPECT_TRUE(absl::StrContains(answer, R"("durability":"DISK")")) << answer;
  }

 private:
  const std::string instance_ = absl::StrCat(kLoadPrefix, "http");
};

class WebhookWriter final : public PostingWriter {
 public:
  WebhookWriter(const Place& place, Acknowledged acknowledged) : PostingWriter(place, std::move(acknowledged)) {
    auto webhooks = WebhooksClient::Create({.target = place.grpc});
    v1::SetWebhookSecretRequest request;
    request.set_instance(instance_);
    request.set_secret(std::string(kAppSecret));
    const auto set = webhooks->SetSecret(request);
    EXPECT_TRUE(set.ok()) << set.status();
  }

  const std::string& instance() const override { return instance_; }

  void Write(uint64_t number) override {
    const std::string body = WebhookBody(instance_, number, kTextBytes);
    Post("/webhook",
         absl::StrCat("Content-Type: application/json\r\n", broker::webhook::kSignatureHeader, ": ",
                      broker::webhook::SignatureHeader(body, kAppSecret), "\r\n"),
         body);
  }

 private:
  const std::string instance_{kWebhookInstance};
};

}  // namespace

std::vector<std::unique_ptr<Writer>> NewWriters(const Place& place, const Acknowledged& acknowledged) {
  std::vector<std::unique_ptr<Writer>> writers;
  writers.push_back(std::make_unique<CallWriter>(place, acknowledged));
  writers.push_back(std::make_unique<PublishingWriter>(place, acknowledged));
  writers.push_back(std::make_unique<HttpWriter>(place, acknowledged));
  writers.push_back(std::make_unique<WebhookWriter>(place, acknowledged));
  return writers;
}

}  // namespace playhead::testing
