#include "tools/bench/append_stream.h"

#include <algorithm>
#include <utility>

#include "absl/time/clock.h"
#include "proto/errors.h"
#include "proto/event_wire.h"

namespace playhead::tools {
namespace {

// AppendRequest.events is field 2, length-delimited.
constexpr char kRequestEventsTag = 0x12;

}  // namespace

AppendStreamLoad::AppendStreamLoad(const Corpus* corpus, AppendLoad load)
    : corpus_(corpus), load_(std::move(load)), sequences_(load_.instances.size(), 1) {}

void AppendStreamLoad::Start(Connection& connection) {
  std::shared_ptr<AppendCall> call = connection.AppendStream(shared_from_this());
  absl::MutexLock lock(&mu_);
  call_ = std::move(call);
  start_ = absl::Now();
  WriteNext();
}

void AppendStreamLoad::WriteNext() {
  if (writing_ || writes_done_ || done_ || in_flight_.size() >= load_.inflight) return;
  const absl::Time now = absl::Now();
  const uint64_t left = load_.events == 0 ? load_.batch : load_.events - events_sent_;
  if (left == 0 || now >= load_.deadline) {
    writes_done_ = true;
    call_->WritesDone();
    return;
  }
  const uint64_t count = std::min<uint64_t>(left, load_.batch);
  const size_t instance = batches_ % load_.instances.size();
  v1::AppendRequest head;  // Without the events, which are already encoded.
  head.set_instance(load_.instances[instance]);
  head.mutable_producer()->set_id(load_.producer_id);
  head.mutable_producer()->set_sequence(sequences_[instance]);
  std::string request = head.SerializeAsString();
  const uint64_t payload_bytes = corpus_->AppendEvents(events_sent_, count, kRequestEventsTag, request);
  sequences_[instance] += count;
  events_sent_ += count;
  ++batches_;
  in_flight_.push_back({.sent = now, .payload_bytes = payload_bytes});
  writing_ = true;
  call_->Write(SharedBytes::Of(std::move(request)));
}

void AppendStreamLoad::OnWritten() {
  absl::MutexLock lock(&mu_);
  writing_ = false;
  WriteNext();
}

void AppendStreamLoad::OnReply(v1::AppendStreamResponse reply) {
  absl::MutexLock lock(&mu_);
  const absl::Time now = absl::Now();
  const InFlight batch = in_flight_.front();
  in_flight_.pop_front();
  if (reply.has_error()) {
    if (outcome_.status.ok()) outcome_.status = FromProto(reply.error());
    return;
  }
  const auto count = static_cast<uint64_t>(reply.appended().cursors_size());
  outcome_.events += count;
  outcome_.payload_bytes += batch.payload_bytes;
  outcome_.ack.Record(now - batch.sent);
  outcome_.end = now;
  const auto second = static_cast<size_t>(absl::ToInt64Seconds(now - start_));
  if (outcome_.events_by_second.size() <= second) outcome_.events_by_second.resize(second + 1);
  outcome_.events_by_second[second] += count;
  WriteNext();
}

void AppendStreamLoad::OnDone(absl::Status status) {
  absl::MutexLock lock(&mu_);
  if (outcome_.status.ok()) outcome_.status = std::move(status);
  done_ = true;
}

AppendOutcome AppendStreamLoad::Wait() {
  absl::MutexLock lock(&mu_);
  mu_.Await(absl::Condition(&done_));
  return outcome_;
}

}  // namespace playhead::tools
