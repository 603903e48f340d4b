#include "tests/faults/load/grpc_readers.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"

namespace playhead::testing {
namespace {

// The deadline of a stream, so that none hangs. A reader opens another stream when it passes.
constexpr std::chrono::seconds kStreamTimeout(60);
constexpr absl::Duration kCallTimeout = absl::Minutes(5);

std::unique_ptr<grpc::ClientContext> NewContext() {
  auto context = std::make_unique<grpc::ClientContext>();
  context->set_deadline(std::chrono::system_clock::now() + kStreamTimeout);
  return context;
}

// Checks and records how a stream ended that should have continued.
void NoteEnd(const GrpcEndpoint& endpoint, const grpc::Status& status, const grpc::ClientContext& context,
             Tally& tally) {
  if (status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) {
    tally.NoteRefused(endpoint.ToStatus(status, context));
  }
}

}  // namespace

SubscribeReader::SubscribeReader(const std::string& target, const NumberedLog& log, Tally& tally)
    : endpoint_(*GrpcEndpoint::Create({.target = target})),
      stub_(v1::EventLog::NewStub(endpoint_.NewChannel())),
      order_(log, tally) {
  Open();
  Read();
}

SubscribeReader::~SubscribeReader() {
  context_->TryCancel();
  stream_->Finish();
}

void SubscribeReader::Open() {
  order_.tally().NoteOffered(0);
  v1::SubscribeRequest request;
  request.set_instance(order_.log().instance());
  request.mutable_start()->set_after_cursor(order_.seen());
  context_ = NewContext();
  stream_ = stub_->Subscribe(context_.get(), request);
}

void SubscribeReader::Read() {
  v1::SubscribeResponse response;
  if (!stream_->Read(&response)) {
    NoteEnd(endpoint_, stream_->Finish(), *context_, order_.tally());
    return Open();
  }
  if (response.has_gap()) order_.tally().NoteWrong("a gap");
  for (const v1::Event& event : response.events()) order_.Note(event.cursor(), event.data());
}

SubscribeManyReader::SubscribeManyReader(const std::string& target, std::string prefix,
                                         const std::vector<const NumberedLog*>& logs, Tally& tally)
    : endpoint_(*GrpcEndpoint::Create({.target = target})),
      stub_(v1::EventLog::NewStub(endpoint_.NewChannel())),
      prefix_(std::move(prefix)),
      tally_(tally) {
  for (const NumberedLog* log : logs) orders_.emplace(log->instance(), InOrder(*log, tally));
  Open();
  Read();
}

SubscribeManyReader::~SubscribeManyReader() {
  context_->TryCancel();
  stream_->Finish();
}

bool SubscribeManyReader::done() const {
  return std::all_of(orders_.begin(), orders_.end(), [](const auto& entry) { return entry.second.at_end(); });
}

void SubscribeManyReader::Open() {
  tally_.NoteOffered(0);
  v1::SubscribeManyRequest request;
  request.mutable_instances()->set_prefix(prefix_);
  if (position_.empty()) {
    request.mutable_beginning();
  } else {
    request.set_after_position(position_);
  }
  context_ = NewContext();
  stream_ = stub_->SubscribeMany(context_.get(), request);
}

void SubscribeManyReader::Read() {
  v1::SubscribeManyResponse response;
  if (!stream_->Read(&response)) {
    NoteEnd(endpoint_, stream_->Finish(), *context_, tally_);
    return Open();
  }
  if (response.has_gap()) tally_.NoteWrong("a gap");
  for (const v1::InstanceEvents& part : response.parts()) {
    const auto found = orders_.find(part.instance());
    if (found == orders_.end()) {
      tally_.NoteWrong(absl::StrCat("of ", part.instance(), " nothing was asked for"));
      continue;
    }
    for (const v1::Event& event : part.events()) found->second.Note(event.cursor(), event.data());
    position_ = part.position();
  }
}

ConsumeReader::ConsumeReader(const std::string& target, std::string consumer, const NumberedLog& log, Tally& tally)
    : endpoint_(*GrpcEndpoint::Create({.target = target})),
      channel_(endpoint_.NewChannel()),
      consumer_(std::move(consumer)),
      order_(log, tally) {
  Open();
  if (!session_->AwaitOpened()) tally.NoteWrong("it was not opened");
}

void ConsumeReader::Open() {
  order_.tally().NoteOffered(0);
  session_ = std::make_unique<ConsumeSession>(channel_, OpenOf(ConsumerOf(consumer_, order_.log().instance())));
}

void ConsumeReader::Read() {
  const std::vector<HeldEvent> events = session_->Take(1);
  if (events.empty()) {
    const CallOutcome outcome = session_->AwaitEnd();
    if (outcome.status.error_code() != grpc::StatusCode::DEADLINE_EXCEEDED) {
      const auto retryable = outcome.trailers.find("x-retryable");
      order_.tally().NoteRefused(outcome.code(), retryable != outcome.trailers.end() && retryable->second == "true");
    }
    order_.Repeat();
    return Open();
  }
  order_.Note(events[0].cursor, events[0].data);
  const uint64_t settled = session_->AckUpTo(order_.log().instance(), order_.seen());
  if (done() && !session_->AwaitConfirmed(settled)) order_.tally().NoteWrong("what it settled was not confirmed");
}

FetchReader::FetchReader(const std::string& target, const NumberedLog& log, Tally& tally)
    : endpoint_(*GrpcEndpoint::Create({.target = target})),
      stub_(v1::EventLog::NewStub(endpoint_.NewChannel())),
      order_(log, tally) {}

void FetchReader::Read() {
  v1::FetchMissedRequest request;
  request.set_instance(order_.log().instance());
  request.mutable_start()->set_after_cursor(order_.seen());
  request.set_limit(1000);
  order_.tally().NoteOffered(0);
  const auto page = endpoint_.Call<v1::FetchMissedResponse>(*stub_, &v1::EventLog::Stub::FetchMissed, request,
                                                            absl::Now() + kCallTimeout);
  if (!page.ok()) return order_.tally().NoteRefused(page.status());
  for (const v1::Event& event : page->events()) order_.Note(event.cursor(), event.data());
  if (page->end_reached() && !done()) order_.StartOver();
}

}  // namespace playhead::testing
