#include <filesystem>
#include <memory>
#include <string>
#include <system_error>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "tools/bench/bench_flags.h"
#include "tools/bench/commands.h"
#include "tools/bench/raw_limits.h"
#include "tools/bench/report.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {
namespace {

class BenchLimitsCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "bench limits",
        .arguments = "",
        .summary = "Measure what this machine can do without a broker.",
        .description =
            R"(The yardstick for the other benchmarks: a sync of 4 KiB; RocksDB writing the corpus in blocks of 64 KiB,
4 MiB a batch, each batch synced, from one thread; a bare gRPC stream of the same events in messages of 512 KiB, client
and server in this process. Writes into a folder of its own in --dir, which should be on the broker's disk.
)"};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Load");
    flags.Text("dir", &dir_, "DIR", "Where to write; what was written is removed.");
    flags.Number<uint32_t>("seconds", &seconds_, 1, 3600, "How long to sync.");
    flags.Number<uint64_t>("events", &events_, 1, uint64_t{1} << 40,
                           "Events to write into RocksDB; ten times as many are streamed.");
    flags.Text("corpus", &corpus_, "FILE", "Payloads, one a line. Default: 4,000 WhatsApp webhook bodies.");
    flags.Bool("json", &json_, "Print one JSON object a line.");
  }

  absl::Status Run(absl::Span<const std::string> /*arguments*/) override {
    const absl::StatusOr<Corpus> corpus = Corpus::Load(corpus_);
    if (!corpus.ok()) return corpus.status();
    const std::string folder = absl::StrCat(dir_, "/", UniqueName("playhead-bench"));
    std::error_code error;
    if (!std::filesystem::create_directories(folder, error)) {
      return UsageError(absl::StrCat("cannot make ", folder, ": ", error.message()));
    }
    const absl::Cleanup remove = [&folder, &error] { std::filesystem::remove_all(folder, error); };

    const auto sync = MeasureSync(folder, absl::Seconds(seconds_));
    if (!sync.ok()) return sync.status();
    const auto stored = MeasureRocksDb(folder, *corpus, events_);
    if (!stored.ok()) return stored.status();
    const auto streamed = MeasureGrpcStream(*corpus, 10 * events_);
    if (!streamed.ok()) return streamed.status();

    Report report;
    report.Row("limit: fdatasync of 4 KiB")
        .Figure("syncs_per_second", "syncs/s", static_cast<double>(sync->count()) / seconds_)
        .Latencies("", *sync);
    AddThroughput("limit: RocksDB, synced batches", *stored, report);
    AddThroughput("limit: gRPC stream", *streamed, report);
    return WriteOut(report.Format(json_));
  }

 private:
  static void AddThroughput(absl::string_view name, const RawThroughput& result, Report& report) {
    const double seconds = absl::ToDoubleSeconds(result.elapsed);
    report.Row(name)
        .Figure("events_per_second", "events/s", static_cast<double>(result.events) / seconds)
        .Figure("mib_per_second", "MiB/s of payload", static_cast<double>(result.payload_bytes) / seconds / (1 << 20))
        .Figure("events", "events", static_cast<double>(result.events))
        .Figure("seconds", "s", seconds, 2);
  }

  std::string dir_ = ".";
  uint32_t seconds_ = 2;
  uint64_t events_ = 1'000'000;
  std::string corpus_;
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeBenchLimitsCommand() { return std::make_unique<BenchLimitsCommand>(); }

}  // namespace playhead::tools
