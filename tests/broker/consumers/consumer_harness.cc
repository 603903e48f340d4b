#include "tests/broker/consumers/consumer_harness.h"

#include <cstdio>
#include <cstdlib>
#include <ostream>
#include <utility>

#include "absl/time/clock.h"
#include "proto/event_wire.h"
#include "tests/support/await.h"
#include "tests/support/batches.h"

namespace playhead::testing {

using broker::ConsumerInfo;
using broker::ConsumerRegistry;
using broker::HolderDelivery;

namespace {

void MustBeOk(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

}  // namespace

void PrintTo(const Got& got, std::ostream* out) {
  *out << got.instance << ":" << got.cursor << " #" << got.attempt << " " << got.replay_id;
}

std::future<HolderDelivery> TestHolder::Ask() {
  auto promise = std::make_shared<std::promise<HolderDelivery>>();
  auto future = promise->get_future();
  const bool asked = holder_->Next([promise](HolderDelivery delivery) { promise->set_value(std::move(delivery)); });
  if (!asked) promise->set_value(broker::Closed{absl::CancelledError("cancelled")});
  return future;
}

HolderDelivery TestHolder::NextThatMatters(std::future<HolderDelivery> asked) {
  for (;; asked = Ask()) {
    HolderDelivery delivery = asked.get();
    if (!std::holds_alternative<broker::HolderHeartbeat>(delivery) &&
        !std::holds_alternative<broker::HolderCaughtUp>(delivery)) {
      return delivery;
    }
  }
}

void TestHolder::Note(const broker::HeldEvents& held, std::vector<Got>& out) {
  instance_ = held.instance->number();
  holder_->HandedOver(held.batch);
  size_t i = 0;
  for (const EventView& event : EventsIn(held.slices)) {
    out.push_back(
        {held.instance->name(), event.cursor, held.attempts.empty() ? 1 : held.attempts.at(i), held.replay_id});
    ++i;
  }
}

std::vector<Got> TestHolder::Take(size_t count) {
  std::vector<Got> out;
  while (out.size() < count) {
    const HolderDelivery delivery = Next();
    if (std::holds_alternative<broker::Closed>(delivery)) break;
    if (const auto* held = std::get_if<broker::HeldEvents>(&delivery)) Note(*held, out);
  }
  return out;
}

std::vector<uint64_t> TestHolder::TakeCursors(size_t count) {
  std::vector<uint64_t> cursors;
  for (const Got& got : Take(count)) cursors.push_back(got.cursor);
  return cursors;
}

std::vector<Got> TestHolder::TakeAll() {
  std::vector<Got> out;
  for (;;) {
    const HolderDelivery delivery = Next();
    if (std::holds_alternative<broker::Closed>(delivery)) return out;
    if (std::holds_alternative<broker::HolderCaughtUp>(delivery)) return out;
    if (const auto* held = std::get_if<broker::HeldEvents>(&delivery)) Note(*held, out);
  }
}

absl::Status TestHolder::TakeClosed() {
  for (;;) {
    const HolderDelivery delivery = Next();
    if (const auto* closed = std::get_if<broker::Closed>(&delivery)) return closed->status;
  }
}

absl::Status TestHolder::Nack(uint64_t cursor, absl::string_view reason, absl::Duration delay) {
  return Settle({.first = storage::Cursor(cursor),
                 .last = storage::Cursor(cursor),
                 .action = broker::Settlement::Action::kNack,
                 .delay = delay,
                 .reason = std::string(reason)});
}

absl::Status TestHolder::Park(uint64_t cursor, absl::string_view reason) {
  return Settle({.first = storage::Cursor(cursor),
                 .last = storage::Cursor(cursor),
                 .action = broker::Settlement::Action::kPark,
                 .reason = std::string(reason)});
}

absl::Status TestHolder::Settle(broker::Settlement settlement) {
  if (settlement.instance == storage::InstanceNumber()) settlement.instance = instance_;
  std::vector<broker::RefusedSettlement> refused;
  const absl::Status confirmed =
      AwaitStatus([&](auto done) { refused = holder_->Settle({std::move(settlement)}, std::move(done)); });
  return refused.empty() ? confirmed : refused.front().status;
}

ConsumerHarness::ConsumerHarness(broker::Limits limits, std::string data_dir, rocksdb::Env* env)
    : limits_(std::move(limits)), data_dir_(data_dir.empty() ? dir_.path() : std::move(data_dir)), env_(env) {
  Start();
}

void ConsumerHarness::Start() {
  broker_ = std::make_unique<BrokerCore>(
      limits_, data_dir_, [] { return absl::Now(); }, env_);
  auto consumers = ConsumerRegistry::Load(broker_->core());
  MustBeOk(consumers.status());
  consumers_ = *std::move(consumers);
}

void ConsumerHarness::Stop() {
  consumers_->Stop(absl::Now() + absl::Seconds(10));
  broker_.reset();
  consumers_.reset();
}

void ConsumerHarness::Restart() {
  Stop();
  Start();
}

absl::Status ConsumerHarness::TryCreate(broker::ConsumerConfig config, broker::ConsumerStart start) {
  return Await<ConsumerRegistry::Created>(
             [&](auto done) { consumers_->Create(nullptr, std::move(config), std::move(start), std::move(done)); })
      .status();
}

void ConsumerHarness::Create(broker::ConsumerConfig config, broker::ConsumerStart start) {
  MustBeOk(TryCreate(std::move(config), std::move(start)));
}

ConsumerInfo ConsumerHarness::Get(const std::string& name) {
  auto info = Await<ConsumerInfo>([&](auto done) { consumers_->Get(nullptr, name, std::move(done)); });
  MustBeOk(info.status());
  return *std::move(info);
}

std::unique_ptr<TestHolder> ConsumerHarness::Hold(const std::string& name, broker::HolderOptions options) {
  auto holder = consumers_->Open(nullptr, name, std::move(options));
  MustBeOk(holder.status());
  return std::make_unique<TestHolder>(*std::move(holder));
}

broker::ConsumerConfig OfDevice(std::string name) {
  broker::ConsumerConfig config;
  config.name = std::move(name);
  config.source.name = "device";
  config.ack_deadline = absl::Hours(1);
  return config;
}

}  // namespace playhead::testing
