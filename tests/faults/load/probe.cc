#include "tests/faults/load/probe.h"

#include <gtest/gtest.h>

#include "absl/time/clock.h"

namespace playhead::testing {
namespace {

constexpr size_t kTextBytes = 1;
constexpr absl::Duration kRetryInterval = absl::Milliseconds(20);
constexpr absl::Duration kPatience = absl::Minutes(1);

}  // namespace

Probe::Probe(const std::string& grpc_address)
    : writer_(grpc_address, log_, appended_, kTextBytes), reader_(grpc_address, log_, delivered_) {
  Append();
  thread_ = std::thread([this] {
    while (!reader_.done() && !::testing::Test::HasFailure()) reader_.Read();
  });
}

Probe::~Probe() {
  if (thread_.joinable()) thread_.join();
}

void Probe::Append() {
  const absl::Time patience = absl::Now() + kPatience;
  while (!writer_.Offer()) {
    if (::testing::Test::HasFailure()) return;
    if (absl::Now() > patience) return appended_.NoteWrong("it is refused all the time");
    absl::SleepFor(kRetryInterval);
  }
}

void Probe::Finish() {
  log_.SetLast(log_.stored() + 1);
  Append();
  thread_.join();
}

}  // namespace playhead::testing
