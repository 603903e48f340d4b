#include <sys/prctl.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tools/bench/bench_flags.h"
#include "tools/bench/commands.h"
#include "tools/bench/latency_histogram.h"
#include "tools/bench/report.h"
#include "tools/cli/event_printer.h"

namespace playhead::tools {
namespace {

class BenchLatencyCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "bench latency",
        .arguments = "",
        .summary = "Measure the time from an event's due moment to its delivery.",
        .description =
            R"(A publisher appends at a steady rate, whatever the broker does (open loop), and a subscriber in the same
process receives. Latencies count from the moment at which an event was due, so that a stall is counted against every
event that it delayed. `ack` is until the acknowledgement, `delivered` until the subscriber has the event.
)"};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Load");
    flags.Number<uint32_t>("rate", &rate_, 1, 1'000'000, "Events a second.");
    flags.Number<uint32_t>("seconds", &seconds_, 1, 1'000'000, "How long to measure.");
    flags.Number<uint32_t>("warmup_seconds", &warmup_seconds_, 0, 1000, "Before that, not counted.");
    bench_.Add(flags);
  }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    const absl::StatusOr<Corpus> corpus = bench_.LoadCorpus();
    if (!corpus.ok()) return corpus.status();
    absl::StatusOr<Client> client = bench_.client.Connect();
    if (!client.ok()) return client.status();
    absl::StatusOr<Publisher> publisher = client->NewPublisher();
    if (!publisher.ok()) return publisher.status();
    // A new log, so that the n-th event received is the n-th that was due.
    const std::string instance = UniqueName("bench-latency");
    absl::StatusOr<Subscription> subscription = client->Subscribe(instance, Start::Beginning());
    if (!subscription.ok()) return subscription.status();
    if (absl::Status status = subscription->WaitForOpen(absl::Now() + bench_.client.timeout); !status.ok())
      return status;

    // Starts in a moment, when both threads are waiting.
    const absl::Time start = absl::Now() + absl::Milliseconds(50);
    LatencyHistogram acked;
    absl::Status published;
    std::thread sender([&] { published = Publish(*corpus, *publisher, instance, start, acked); });
    LatencyHistogram delivered;
    const absl::Status received = Receive(*subscription, start, delivered);
    sender.join();
    subscription->Close();
    if (!published.ok()) return published;
    if (!received.ok()) return received;
    if (absl::Status status = client->DeleteInstance(instance); !status.ok()) return status;
    Report report;
    report.Row(absl::StrCat("latency at ", rate_, "/s"))
        .Figure("events", "events", static_cast<double>(delivered.count()))
        .Latencies("delivered_", delivered)
        .Latencies("ack_", acked);
    return WriteOut(report.Format(bench_.client.json));
  }

 private:
  uint64_t events() const { return uint64_t{rate_} * (warmup_seconds_ + seconds_); }
  uint64_t warmup_events() const { return uint64_t{rate_} * warmup_seconds_; }
  absl::Time DueAt(absl::Time start, uint64_t i) const {
    return start + absl::Seconds(1) * static_cast<int64_t>(i) / static_cast<int64_t>(rate_);
  }

  absl::Status Publish(const Corpus& corpus, Publisher& publisher, const std::string& instance, absl::Time start,
                       LatencyHistogram& acked) const {
    // Otherwise the kernel may delay a sleeping thread by 50 µs to save power.
    prctl(PR_SET_TIMERSLACK, 1);
    for (uint64_t i = 0; i < events(); ++i) {
      const absl::Time due = DueAt(start, i);
      absl::SleepFor(due - absl::Now());
      // Receipts of one instance arrive one at a time, so the histogram needs no lock.
      absl::Status status = publisher.Append(instance, {.type = Corpus::kType, .data = corpus.payload(i)},
                                             [this, i, due, &acked](absl::StatusOr<Receipt> receipt) {
                                               if (receipt.ok() && i >= warmup_events())
                                                 acked.Record(absl::Now() - due);
                                             });
      if (!status.ok()) return status;
    }
    return publisher.Close(absl::Now() + bench_.client.timeout);
  }

  absl::Status Receive(Subscription& subscription, absl::Time start, LatencyHistogram& delivered) const {
    EventBatch batch;
    const absl::Time deadline = DueAt(start, events()) + bench_.client.timeout;
    for (uint64_t i = 0; i < events();) {
      if (absl::Status status = subscription.NextBatch(batch, deadline); !status.ok()) return status;
      const absl::Time now = absl::Now();
      for (size_t in_batch = 0; in_batch < batch.size(); ++in_batch, ++i) {
        if (i >= warmup_events()) delivered.Record(now - DueAt(start, i));
      }
    }
    return absl::OkStatus();
  }

  uint32_t rate_ = 5000;
  uint32_t seconds_ = 10;
  uint32_t warmup_seconds_ = 1;
  BenchFlags bench_;
};

}  // namespace

std::unique_ptr<Command> MakeBenchLatencyCommand() { return std::make_unique<BenchLatencyCommand>(); }

}  // namespace playhead::tools
