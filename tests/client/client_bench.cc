// The client's own cost per event, without a network, for events of 600 bytes, the size of most webhooks. And how long
// a broker inside a test takes to start.
//
//   bazel run //tests/client:client_bench

#include <benchmark/benchmark.h>

#include <cstring>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "client/connection.h"
#include "client/event.h"
#include "client/testing/test_broker.h"
#include "proto/event_wire.h"

namespace playhead {
namespace {

constexpr size_t kEventBytes = 600;

// A message of `count` stored events, from cursor `first` on.
std::string Message(uint64_t first, size_t count) {
  v1::SubscribeResponse message;
  for (size_t i = 0; i < count; ++i) {
    v1::Event& event = *message.add_events();
    event.set_type("message");
    event.set_id(absl::StrCat("wamid.", first + i));
    event.set_created_at(1'700'000'000'000'000);
    event.set_data(std::string(kEventBytes, 'x'));
    event.set_cursor(first + i);
    event.set_appended_at(1'700'000'000'000'000);
  }
  return message.SerializeAsString();
}

// Decoding a message of half a MiB and looking at each event.
void BM_DecodeBatch(benchmark::State& state) {
  const size_t count = (size_t{512} << 10) / (kEventBytes + 60);
  const SharedBytes message = SharedBytes::Of(Message(1, count));
  EventBatch batch;
  std::string rest;
  for (auto _ : state) {
    if (!batch.Decode(message, rest)) state.SkipWithError("malformed");
    for (const EventView& event : batch) benchmark::DoNotOptimize(event.data.size());
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations() * count));
}
BENCHMARK(BM_DecodeBatch);

// A broker that answers each read at once with the next message of a stream without end.
class EndlessCall : public SubscribeCall {
 public:
  EndlessCall(std::shared_ptr<SubscribeObserver> observer, size_t count)
      : observer_(std::move(observer)), count_(count) {}
  void Read() override {
    // Inside the call, which the client bears: there is no other thread here to do it.
    SharedBytes message = SharedBytes::Of(template_.empty() ? Started() : Next());
    if (template_.empty()) template_ = Message(1, count_);
    observer_->OnMessage(std::move(message));
  }
  void Cancel() override {}

 private:
  static std::string Started() {
    v1::SubscribeResponse message;
    message.mutable_start()->set_cursor(0);
    return message.SerializeAsString();
  }
  // The message with cursors that go on: they stand at the end of each event, before appended_at.
  std::string Next() {
    absl::string_view rest = template_;
    while (const auto event = ConsumeEvent(rest)) {
      ++cursor_;
      std::memcpy(const_cast<char*>(event->data()) + event->size() - 17, &cursor_, sizeof(cursor_));
    }
    return template_;
  }

  const std::shared_ptr<SubscribeObserver> observer_;
  const size_t count_;
  std::string template_;
  uint64_t cursor_ = 0;
};

// An append stream that accepts each request at once.
class AcceptingCall : public AppendCall {
 public:
  explicit AcceptingCall(std::shared_ptr<AppendObserver> observer) : observer_(std::move(observer)) {}
  void Write(SharedBytes request) override {
    v1::AppendStreamResponse reply;
    absl::string_view rest = request.view;
    while (!rest.empty()) {
      const char tag = rest[0];
      rest.remove_prefix(1);
      rest.remove_prefix(*ConsumeVarint(rest));
      if (tag == 0x12) reply.mutable_appended()->add_cursors(++cursor_);
    }
    observer_->OnWritten();
    observer_->OnReply(std::move(reply));
  }
  void WritesDone() override {}
  void Cancel() override {}

 private:
  const std::shared_ptr<AppendObserver> observer_;
  uint64_t cursor_ = 0;
};

class LocalConnection : public Connection {
 public:
  absl::StatusOr<v1::AppendResponse> Append(const v1::AppendRequest&, absl::Time) override { return Unused(); }
  absl::StatusOr<SharedBytes> FetchMissed(const v1::FetchMissedRequest&, absl::Time) override { return Unused(); }
  absl::StatusOr<v1::Instance> GetInstance(const v1::GetInstanceRequest&, absl::Time) override { return Unused(); }
  absl::StatusOr<v1::ListInstancesResponse> ListInstances(const v1::ListInstancesRequest&, absl::Time) override {
    return Unused();
  }
  absl::Status DeleteInstance(const v1::DeleteInstanceRequest&, absl::Time) override { return Unused(); }
  std::shared_ptr<SubscribeCall> Subscribe(const v1::SubscribeRequest&,
                                           std::shared_ptr<SubscribeObserver> observer) override {
    return std::make_shared<EndlessCall>(std::move(observer), (size_t{512} << 10) / (kEventBytes + 60));
  }
  std::shared_ptr<AppendCall> AppendStream(std::shared_ptr<AppendObserver> observer) override {
    return std::make_shared<AcceptingCall>(std::move(observer));
  }
  std::shared_ptr<SubscribeCall> SubscribeMany(const v1::SubscribeManyRequest&,
                                               std::shared_ptr<SubscribeObserver>) override {
    return nullptr;
  }
  std::shared_ptr<ConsumeCall> Consume(std::shared_ptr<ConsumeObserver>) override { return nullptr; }

 private:
  static absl::Status Unused() { return absl::UnimplementedError("not measured"); }
};

// Event by event; the cost of making the messages is about a third of it.
void BM_PullEvents(benchmark::State& state) {
  Client client(std::make_shared<LocalConnection>());
  Subscription subscription = *client.Subscribe("bot", Start::After(0), {.buffered_bytes_max = 1});
  for (auto _ : state) benchmark::DoNotOptimize(subscription.Next()->data().size());
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(BM_PullEvents);

// The appending side in full batches: encoding, windows, callbacks, replies.
void BM_Publish(benchmark::State& state) {
  Client client(std::make_shared<LocalConnection>());
  Publisher publisher = *client.NewPublisher({.linger = absl::Seconds(10)});
  const std::string data(kEventBytes, 'x');
  const NewEvent event = {
      .type = "message", .data = data, .id = "wamid.123456789", .created_at = 1'700'000'000'000'000};
  int64_t stored = 0;
  for (auto _ : state) {
    publisher.Append("bot", event, [&stored](absl::StatusOr<Receipt>) { ++stored; }).IgnoreError();
  }
  publisher.Flush().IgnoreError();
  state.SetItemsProcessed(stored);
}
BENCHMARK(BM_Publish);

// What each test with a broker of its own pays before its first line.
void BM_StartTestBroker(benchmark::State& state) {
  for (auto _ : state) {
    auto broker = TestBroker::Start();
    if (!broker.ok()) state.SkipWithError(broker.status().ToString().c_str());
    state.PauseTiming();
    broker = absl::CancelledError();  // Stops it.
    state.ResumeTiming();
  }
}
BENCHMARK(BM_StartTestBroker)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace playhead

BENCHMARK_MAIN();
