#include "tests/faults/load/http_writers.h"

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "broker/webhook/signature.h"
#include "tests/load/numbered_messages.h"

namespace playhead::testing {

HttpWriter::HttpWriter(std::string address, NumberedLog& log, Tally& tally, size_t text_bytes)
    : Writer(log, tally), text_bytes_(text_bytes), address_(std::move(address)) {}

void HttpWriter::Connect() {
  connection_.emplace(address_);
  connection_->SetPatience(absl::Minutes(5));
}

bool HttpWriter::Offer() {
  const uint64_t first = log_.stored() + 1;
  const uint64_t last = log_.stored() + batch();
  const std::string body = Body(first);
  const absl::Time now = absl::Now();
  for (uint64_t number = first; number <= last; ++number) log_.NoteOffered(number, now);
  tally_.NoteOffered(body.size());
  if (!connection_) Connect();
  const HttpResponse response = connection_->Call("POST", Path(), Headers(body), body);
  if (response.status == 200) {
    if (!absl::StrContains(response.body, Success(last))) tally_.NoteWrong(response.body);
    tally_.NoteTaken(body.size(), absl::Now() - now);
    log_.SetStored(last);
    return true;
  }
  tally_.NoteRefused(response);
  const auto connection = response.headers.find("connection");
  if (connection != response.headers.end() && connection->second == "close") connection_.reset();
  return false;
}

std::string JsonWriter::Path() const { return absl::StrCat("/v1/instances/", log_.instance(), "/events"); }

std::string JsonWriter::Headers(const std::string& /*body*/) const { return "Content-Type: application/json\r\n"; }

std::string JsonWriter::Body(uint64_t first) const {
  return absl::StrCat(R"({"type":")", kMessageType, R"(","id":"n-)", first, R"(","attributes":{"dialect":")",
                      kMessageDialect, R"("},"data":)", MessageData(log_.instance(), first, text_bytes_), "}");
}

std::string JsonWriter::Success(uint64_t last) const { return absl::StrCat(R"("head_cursor":)", last, ","); }

std::string LinesWriter::Headers(const std::string& /*body*/) const { return "Content-Type: application/x-ndjson\r\n"; }

std::string LinesWriter::Body(uint64_t first) const {
  std::string lines;
  for (uint64_t i = 0; i < batch_; ++i) absl::StrAppend(&lines, JsonWriter::Body(first + i), "\n");
  return lines;
}

std::string WebhookWriter::Body(uint64_t first) const { return WebhookBody(log_.instance(), first, text_bytes_); }

std::string WebhookWriter::Headers(const std::string& body) const {
  return absl::StrCat("Content-Type: application/json\r\nX-Hub-Signature-256: ",
                      broker::webhook::SignatureHeader(body, secret_), "\r\n");
}

}  // namespace playhead::testing
