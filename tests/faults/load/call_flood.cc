#include "tests/faults/load/call_flood.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/load/numbered_messages.h"

namespace playhead::testing {
namespace {

constexpr std::chrono::seconds kCallTimeout(60);

}  // namespace

struct CallFlood::Call {
  Tally* tally = nullptr;
  uint64_t number = 0;
  size_t bytes = 0;
  absl::Time offered;
  grpc::ClientContext context;
  v1::AppendRequest request;
  v1::AppendResponse response;
};

CallFlood::CallFlood(const std::string& target, std::string instance, size_t text_bytes)
    : endpoint_(*GrpcEndpoint::Create({.target = target})),
      stub_(v1::EventLog::NewStub(endpoint_.NewChannel())),
      instance_(std::move(instance)),
      text_bytes_(text_bytes) {}

CallFlood::~CallFlood() { AwaitFewerThan(1); }

void CallFlood::AwaitFewerThan(size_t calls) {
  absl::MutexLock lock(&mu_);
  const auto are_fewer = [this, calls]() ABSL_SHARED_LOCKS_REQUIRED(mu_) { return under_way_ < calls; };
  mu_.Await(absl::Condition(&are_fewer));
}

void CallFlood::Offer(Tally& tally) {
  auto call = std::make_shared<Call>();
  call->tally = &tally;
  call->number = ++offered_;
  call->request.set_instance(instance_);
  v1::Event& event = *call->request.add_events();
  event.set_type(kMessageType);
  event.set_data(MessageData(instance_, call->number, text_bytes_));
  (*event.mutable_attributes())["dialect"] = kMessageDialect;
  call->bytes = event.data().size();
  call->offered = absl::Now();
  call->context.set_deadline(std::chrono::system_clock::now() + kCallTimeout);
  tally.NoteOffered(call->bytes);
  {
    absl::MutexLock lock(&mu_);
    ++under_way_;
  }
  stub_->async()->Append(&call->context, &call->request, &call->response,
                         [this, call](const grpc::Status& status) { OnAnswer(*call, status); });
}

void CallFlood::OnAnswer(const Call& call, const grpc::Status& status) {
  if (status.ok()) {
    call.tally->NoteTaken(call.bytes, absl::Now() - call.offered);
  } else {
    call.tally->NoteRefused(endpoint_.ToStatus(status, call.context));
  }
  absl::MutexLock lock(&mu_);
  --under_way_;
  if (!status.ok()) return;
  const uint64_t cursor = call.response.cursors(0);
  if (stored_.size() < cursor) stored_.resize(cursor);
  if (stored_[cursor - 1] != 0) call.tally->NoteWrong(absl::StrCat("two events are at ", cursor));
  stored_[cursor - 1] = call.number;
}

double CallFlood::Measure(size_t calls, absl::Duration time, Tally& tally) {
  const absl::Time began = absl::Now();
  while (absl::Now() < began + time) {
    AwaitFewerThan(calls);
    Offer(tally);
  }
  AwaitFewerThan(1);
  return static_cast<double>(tally.taken_bytes()) / absl::ToDoubleSeconds(absl::Now() - began);
}

void CallFlood::Run(double calls_per_second, const std::atomic<bool>& over, Tally& tally) {
  const absl::Duration interval = absl::Seconds(1) / calls_per_second;
  for (absl::Time next = absl::Now(); !over; next = std::max(next + interval, absl::Now() - absl::Seconds(1))) {
    absl::SleepFor(next - absl::Now());
    AwaitFewerThan(kCallsMax);
    Offer(tally);
  }
  AwaitFewerThan(1);
}

std::vector<uint64_t> CallFlood::stored() const {
  absl::MutexLock lock(&mu_);
  return stored_;
}

}  // namespace playhead::testing
