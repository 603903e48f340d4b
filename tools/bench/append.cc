#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/grpc_connection.h"
#include "tools/bench/append_stream.h"
#include "tools/bench/bench_flags.h"
#include "tools/bench/commands.h"
#include "tools/bench/report.h"
#include "tools/cli/event_printer.h"

namespace playhead::tools {
namespace {

class BenchAppendCommand : public Command {
 public:
  Info info() const override {
    return {.name = "bench append",
            .arguments = "",
            .summary = "Append to a broker as fast as it takes events.",
            .description =
                R"(Appends the corpus over and over, each batch acknowledged by the broker and with a producer identity.
A burst (--events) fits memory and page cache; sustained load (--seconds, at least 60) does not. For example:
  playhead bench append                                      one instance, batches of 512
  playhead bench append --instances=1000 --batch=64
  playhead bench append --batch=1 --inflight=1 --events=20000   one event at a time
  playhead bench append --seconds=60                         sustained
The events stay in the instances bench-0, bench-1 ...: bench replay reads them, delete removes them.
)"};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Load");
    flags.Number<uint64_t>("events", &events_, 1, uint64_t{1} << 40, "A burst of so many events.");
    flags.Number<uint32_t>("seconds", &seconds_, 0, 1'000'000, "Sustained load for so long instead.");
    flags.Number<uint32_t>("batch", &batch_, 1, 10'000, "Events in a batch.");
    flags.Number<uint32_t>("inflight", &inflight_, 1, 100'000, "Batches of a stream that are on their way at once.");
    flags.Number<uint32_t>("streams", &streams_, 1, 1000, "Append streams, over one connection.");
    flags.Number<uint32_t>("instances", &instances_, 1, 10'000'000,
                           "Instances, taken in turn, divided among the streams.");
    flags.Text("prefix", &prefix_, "NAME", "What the names of the instances start with.");
    bench_.Add(flags);
  }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    const absl::StatusOr<Corpus> corpus = bench_.LoadCorpus();
    if (!corpus.ok()) return corpus.status();
    const auto connection = NewGrpcConnection(bench_.client.options());
    if (!connection.ok()) return connection.status();
    const uint32_t streams = std::min(streams_, instances_);
    const absl::Time start = absl::Now();
    std::vector<std::shared_ptr<AppendStreamLoad>> loads;
    for (uint32_t s = 0; s < streams; ++s) {
      loads.push_back(std::make_shared<AppendStreamLoad>(&*corpus, LoadOf(s, streams, start)));
      loads.back()->Start(**connection);
    }
    AppendOutcome total{.end = start};
    for (const auto& load : loads) {
      const AppendOutcome outcome = load->Wait();
      if (!outcome.status.ok()) return outcome.status;
      total.events += outcome.events;
      total.payload_bytes += outcome.payload_bytes;
      total.ack.Merge(outcome.ack);
      total.end = std::max(total.end, outcome.end);
      total.events_by_second.resize(std::max(total.events_by_second.size(), outcome.events_by_second.size()));
      for (size_t i = 0; i < outcome.events_by_second.size(); ++i) {
        total.events_by_second[i] += outcome.events_by_second[i];
      }
    }
    return WriteOut(Format(total, total.end - start));
  }

 private:
  AppendLoad LoadOf(uint32_t stream, uint32_t streams, absl::Time start) const {
    AppendLoad load{.producer_id = UniqueName("bench"), .batch = batch_, .inflight = inflight_};
    for (uint32_t i = stream; i < instances_; i += streams) load.instances.push_back(absl::StrCat(prefix_, "-", i));
    if (seconds_ > 0) {
      load.deadline = start + absl::Seconds(seconds_);
    } else {
      load.events = events_ / streams + (stream < events_ % streams ? 1 : 0);
    }
    return load;
  }

  std::string Format(const AppendOutcome& outcome, absl::Duration elapsed) const {
    const double seconds = absl::ToDoubleSeconds(elapsed);
    Report report;
    report.Row(seconds_ > 0 ? "append, sustained" : "append, burst")
        .Figure("events_per_second", "events/s", static_cast<double>(outcome.events) / seconds)
        .Figure("mib_per_second", "MiB/s of payload", static_cast<double>(outcome.payload_bytes) / seconds / (1 << 20));
    if (outcome.events_by_second.size() > 3) {
      // The last second is incomplete.
      const auto worst = std::min_element(outcome.events_by_second.begin(), outcome.events_by_second.end() - 1);
      report.Figure("events_worst_second", "events in the worst second", static_cast<double>(*worst));
    }
    report.Figure("events", "events", static_cast<double>(outcome.events)).Figure("seconds", "s", seconds, 2);
    report.Latencies("ack_", outcome.ack);
    return report.Format(bench_.client.json);
  }

  uint64_t events_ = 1'000'000;
  uint32_t seconds_ = 0;
  uint32_t batch_ = 512;
  uint32_t inflight_ = 16;
  uint32_t streams_ = 1;
  uint32_t instances_ = 1;
  std::string prefix_ = "bench";
  BenchFlags bench_;
};

}  // namespace

std::unique_ptr<Command> MakeBenchAppendCommand() { return std::make_unique<BenchAppendCommand>(); }

}  // namespace playhead::tools
