#include "tests/faults/load/grpc_writers.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/load/numbered_messages.h"

namespace playhead::testing {
namespace {

constexpr absl::Duration kCallTimeout = absl::Minutes(5);

Publisher NewPublisher(Client& client, Tally& tally, size_t window_bytes) {
  PublisherOptions options;
  options.window_bytes_max = window_bytes;
  options.on_reconnect = [&tally](int /*attempt*/, const absl::Status& cause) { tally.NoteRefused(cause); };
  return *client.NewPublisher(options);
}

}  // namespace

CallWriter::CallWriter(const std::string& target, NumberedLog& log, Tally& tally, size_t text_bytes)
    : Writer(log, tally),
      endpoint_(*GrpcEndpoint::Create({.target = target})),
      stub_(v1::EventLog::NewStub(endpoint_.NewChannel())),
      text_bytes_(text_bytes) {}

bool CallWriter::Offer() {
  const uint64_t number = log_.stored() + 1;
  v1::AppendRequest request;
  request.set_instance(log_.instance());
  request.mutable_producer()->set_id(absl::StrCat("of-", log_.instance()));
  request.mutable_producer()->set_sequence(number);
  v1::Event& event = *request.add_events();
  event.set_type(kMessageType);
  event.set_data(MessageData(log_.instance(), number, text_bytes_));
  (*event.mutable_attributes())["dialect"] = kMessageDialect;
  const size_t bytes = event.data().size();
  const absl::Time now = absl::Now();
  log_.NoteOffered(number, now);
  tally_.NoteOffered(bytes);
  const auto response =
      endpoint_.Call<v1::AppendResponse>(*stub_, &v1::EventLog::Stub::Append, request, now + kCallTimeout);
  if (!response.ok()) {
    tally_.NoteRefused(response.status());
    return false;
  }
  if (response->head_cursor() != number) {
    tally_.NoteWrong(absl::StrCat(number, " was stored at ", response->head_cursor()));
  }
  tally_.NoteTaken(bytes, absl::Now() - now);
  log_.SetStored(number);
  return true;
}

StreamWriter::StreamWriter(Client client, NumberedLog& log, Tally& tally, size_t text_bytes, size_t window_bytes)
    : Writer(log, tally), text_bytes_(text_bytes), publisher_(NewPublisher(client, tally, window_bytes)) {}

bool StreamWriter::Offer() {
  const uint64_t number = offered_ + 1;
  const std::string data = MessageData(log_.instance(), number, text_bytes_);
  log_.NoteOffered(number, absl::Now());  // Before it waits for room in the publisher's window.
  tally_.NoteOffered(data.size());
  const absl::Status accepted = publisher_.Append(
      log_.instance(), {.type = kMessageType, .data = data, .attributes = {{"dialect", kMessageDialect}}},
      [this, number, bytes = data.size()](absl::StatusOr<Receipt> receipt) {
        if (!receipt.ok() || receipt->cursor != number) {
          return tally_.NoteWrong(absl::StrCat(number, ": ", receipt.status().ToString()));
        }
        tally_.NoteTaken(bytes, absl::Now() - log_.WhenOffered(number));
        log_.SetStored(number);
      });
  if (!accepted.ok()) {
    tally_.NoteWrong(accepted.ToString());
    return false;
  }
  offered_ = number;
  return true;
}

void StreamWriter::Settle() {
  const absl::Status flushed = publisher_.Flush(absl::Now() + kCallTimeout);
  if (!flushed.ok()) tally_.NoteWrong(flushed.ToString());
}

}  // namespace playhead::testing
