#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "client/grpc_connection.h"
#include "proto/event_wire.h"
#include "tools/bench/append_stream.h"
#include "tools/bench/bench_flags.h"
#include "tools/bench/commands.h"
#include "tools/bench/report.h"
#include "tools/cli/event_printer.h"

namespace playhead::tools {
namespace {

// Lets a thread wait until all subscribers have started, or have received everything, or one has failed.
class Finish {
 public:
  explicit Finish(uint32_t subscribers) : starting_(subscribers), receiving_(subscribers) {}

  void Started() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    --starting_;
  }
  void Received() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (--receiving_ == 0) end_ = absl::Now();
  }
  void Failed(absl::Status status) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    if (status_.ok()) status_ = std::move(status);
  }

  absl::Status AwaitStarted(absl::Duration timeout) ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    mu_.AwaitWithTimeout(absl::Condition(this, &Finish::AllStarted), timeout);
    return !status_.ok() || starting_ == 0 ? status_ : absl::DeadlineExceededError("not all subscribers were started");
  }
  absl::StatusOr<absl::Time> AwaitReceived() ABSL_LOCKS_EXCLUDED(mu_) {
    absl::MutexLock lock(&mu_);
    mu_.Await(absl::Condition(this, &Finish::AllReceived));
    if (!status_.ok()) return status_;
    return end_;
  }

 private:
  bool AllStarted() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return starting_ == 0 || !status_.ok(); }
  bool AllReceived() const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_) { return receiving_ == 0 || !status_.ok(); }

  absl::Mutex mu_;
  uint32_t starting_ ABSL_GUARDED_BY(mu_);
  uint32_t receiving_ ABSL_GUARDED_BY(mu_);
  absl::Time end_ ABSL_GUARDED_BY(mu_);
  absl::Status status_ ABSL_GUARDED_BY(mu_);
};

// Counts events without parsing them: 50 real subscribers would not use this machine's CPU for that.
class CountingSubscriber : public SubscribeObserver {
 public:
  CountingSubscriber(uint64_t wanted, Finish* finish) : wanted_(wanted), finish_(finish) {}

  // Starts reading. Call once.
  void Begin(std::shared_ptr<SubscribeCall> call) {
    call_ = std::move(call);
    call_->Read();
  }
  void Cancel() { call_->Cancel(); }

  void OnMessage(SharedBytes message) override {
    absl::string_view bytes = message.view;
    if (!started_) {
      started_ = true;
      finish_->Started();
    }
    // A message holds events, or one notice.
    if (!bytes.empty() && bytes[0] == kEventsTag) {
      while (ConsumeEvent(bytes).has_value()) ++count_;
      if (count_ == wanted_) finish_->Received();
    }
    call_->Read();
  }
  void OnDone(absl::Status status) override {
    if (count_ < wanted_) finish_->Failed(status.ok() ? absl::UnavailableError("the stream ended early") : status);
  }

 private:
  const uint64_t wanted_;
  Finish* const finish_;
  std::shared_ptr<SubscribeCall> call_;
  bool started_ = false;
  uint64_t count_ = 0;
};

class BenchFanoutCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "bench fanout",
        .arguments = "",
        .summary = "Deliver one log to many live subscribers.",
        .description =
            R"(Subscribers wait at the head of a new instance; then one stream appends as fast as it can. Counts deliveries
until the last subscriber has the last event.
)"};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Load");
    flags.Number<uint32_t>("subscribers", &subscribers_, 1, 100'000, "Live subscribers.");
    flags.Number<uint32_t>("connections", &connections_, 1, 1000, "Connections that they share.");
    flags.Number<uint64_t>("events", &events_, 1, uint64_t{1} << 40, "Events to append.");
    flags.Number<uint32_t>("batch", &batch_, 1, 10'000, "Events in a batch.");
    flags.Number<uint32_t>("inflight", &inflight_, 1, 100'000, "Batches on their way at once.");
    bench_.Add(flags);
  }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    const absl::StatusOr<Corpus> corpus = bench_.LoadCorpus();
    if (!corpus.ok()) return corpus.status();
    const std::string instance = UniqueName("bench-fanout");
    v1::SubscribeRequest request;
    request.set_instance(instance);
    request.mutable_start()->mutable_beginning();

    Finish finish(subscribers_);
    std::vector<std::shared_ptr<CountingSubscriber>> subscribers;
    std::vector<std::shared_ptr<Connection>> connections;
    for (uint32_t i = 0; i < connections_; ++i) {
      auto connection = NewGrpcConnection(bench_.client.options());
      if (!connection.ok()) return connection.status();
      connections.push_back(*std::move(connection));
    }
    for (uint32_t i = 0; i < subscribers_; ++i) {
      subscribers.push_back(std::make_shared<CountingSubscriber>(events_, &finish));
      subscribers.back()->Begin(connections[i % connections_]->Subscribe(request, subscribers.back()));
    }
    absl::Status status = finish.AwaitStarted(bench_.client.timeout);
    const absl::Time start = absl::Now();
    absl::StatusOr<absl::Time> end = absl::UnknownError("not measured");
    if (status.ok()) {
      const auto load = std::make_shared<AppendStreamLoad>(&*corpus, AppendLoad{.instances = {instance},
                                                                                .producer_id = UniqueName("bench"),
                                                                                .batch = batch_,
                                                                                .inflight = inflight_,
                                                                                .events = events_});
      load->Start(*connections[0]);
      status = load->Wait().status;
      if (status.ok()) end = finish.AwaitReceived();
    }
    for (const auto& subscriber : subscribers) subscriber->Cancel();
    connections.clear();  // Waits for the streams' last callbacks.
    if (!status.ok()) return status;
    if (!end.ok()) return end.status();
    absl::StatusOr<Client> client = bench_.client.Connect();
    if (!client.ok()) return client.status();
    if (status = client->DeleteInstance(instance); !status.ok()) return status;

    const double seconds = absl::ToDoubleSeconds(*end - start);
    Report report;
    report.Row(absl::StrCat("fan-out to ", subscribers_))
        .Figure("deliveries_per_second", "deliveries/s",
                static_cast<double>(events_) * static_cast<double>(subscribers_) / seconds)
        .Figure("events_per_second", "events/s to each", static_cast<double>(events_) / seconds)
        .Figure("events", "events", static_cast<double>(events_))
        .Figure("seconds", "s", seconds, 2);
    return WriteOut(report.Format(bench_.client.json));
  }

 private:
  uint32_t subscribers_ = 50;
  uint32_t connections_ = 4;
  uint64_t events_ = 200'000;
  uint32_t batch_ = 512;
  uint32_t inflight_ = 16;
  BenchFlags bench_;
};

}  // namespace

std::unique_ptr<Command> MakeBenchFanoutCommand() { return std::make_unique<BenchFanoutCommand>(); }

}  // namespace playhead::tools
