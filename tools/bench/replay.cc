#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tools/bench/bench_flags.h"
#include "tools/bench/commands.h"
#include "tools/bench/report.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {
namespace {

class BenchReplayCommand : public Command {
 public:
  Info info() const override {
    return {.name = "bench replay",
            .arguments = "[INSTANCE]",
            .summary = "Stream a log from its start as fast as it comes.",
            .description =
                R"(One subscriber reads INSTANCE (bench-0 if not given, as `bench append` leaves it) from the first kept
event to the head, and checks that cursors are contiguous.
)",
            .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override { client_.Add(flags, /*streams=*/false); }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    const std::string instance = arguments.empty() ? "bench-0" : arguments[0];
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    const absl::StatusOr<v1::Instance> log = client->GetInstance(instance);
    if (!log.ok()) return log.status();
    if (log->event_count() == 0) return UsageError(absl::StrCat(instance, " has no events: run bench append first"));

    const absl::Time start = absl::Now();
    absl::StatusOr<Subscription> subscription = client->Subscribe(instance, Start::Beginning());
    if (!subscription.ok()) return subscription.status();
    EventBatch batch;
    uint64_t events = 0;
    uint64_t bytes = 0;
    for (uint64_t last = 0; last < log->head_cursor();) {
      if (absl::Status status = subscription->NextBatch(batch); !status.ok()) return status;
      for (const EventView& event : batch) {
        // Cursors increase by one, except at the beginning of an epoch.
        if (last != 0 && event.cursor != last + 1 && event.cursor >> 40 == last >> 40) {
          return absl::DataLossError(absl::StrCat("cursor ", event.cursor, " came behind ", last));
        }
        last = event.cursor;
        bytes += event.data.size();
      }
      events += batch.size();
    }
    const double seconds = absl::ToDoubleSeconds(absl::Now() - start);
    Report report;
    report.Row("replay")
        .Figure("events_per_second", "events/s", static_cast<double>(events) / seconds)
        .Figure("mib_per_second", "MiB/s of payload", static_cast<double>(bytes) / seconds / (1 << 20))
        .Figure("events", "events", static_cast<double>(events))
        .Figure("seconds", "s", seconds, 2);
    return WriteOut(report.Format(client_.json));
  }

 private:
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeBenchReplayCommand() { return std::make_unique<BenchReplayCommand>(); }

}  // namespace playhead::tools
