#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/client.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/consumer_flags.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/interrupt.h"
#include "tools/cli/notices.h"
#include "tools/cli/output_watch.h"

namespace playhead::tools {
namespace {

// Appends a line as `tail --json` prints it, with the attempt and replay id of the delivery added.
void AppendDelivery(const DeliveryBatch& batch, size_t i, std::string& out) {
  AppendEventLine(batch.instance(), batch[i], out);
  if (batch.attempt(i) == 1 && !batch.replayed()) return;
  out.resize(out.size() - 2);  // The brace and the line's end.
  if (batch.attempt(i) > 1) absl::StrAppend(&out, ",\"attempt\":", batch.attempt(i));
  if (batch.replayed()) absl::StrAppend(&out, ",\"replay_id\":", JsonString(batch.source().replay_id));
  absl::StrAppend(&out, "}\n");
}

class ConsumeCommand : public Command {
 public:
  Info info() const override {
    return {
        .name = "consume",
        .arguments = "CONSUMER",
        .summary = "Read as a named consumer: print events, then acknowledge them.",
        .description =
            R"(Prints the events of a consumer as lines of JSON and acknowledges each once it was written, until Ctrl-C.
The next run continues after the acknowledged events. For example:
  playhead consume crm --instance=my-bot >>events.ndjson       creates the consumer, if necessary
  playhead consume crm --count=10
Redelivered events have an "attempt" number. With --instance, --prefix or --all the consumer is created if it does not
exist; otherwise it must exist.
)",
        .arguments_min = 1,
        .arguments_max = 1};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("Consuming");
    flags.OptionalNumber("count", &count_, "N", "End after this many events, and take no more from the consumer.");
    flags.Bool("take_over", &take_over_, "Take the consumer from its present holder.");
    consumer_.Add(flags);
    client_.Add(flags, /*streams=*/true);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    if (count_ == 0) return absl::OkStatus();
    ConsumeOptions options;
    options.acknowledge = Acknowledge::kManually;
    options.take_over = take_over_;
    options.on_reconnect = SayReconnecting;
    options.events_max = count_.value_or(0);
    if (consumer_.given()) {
      const auto create = consumer_.request(arguments[0]);
      if (!create.ok()) return create.status();
      options.create = *create;
    }
    std::optional<Consumer> consumer;
    Interrupt interrupt;  // Declared before the client, which starts threads, and after what it closes.
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    absl::StatusOr<Consumer> opened = client->Consume(arguments[0], std::move(options));
    if (!opened.ok()) return opened.status();
    consumer.emplace(*std::move(opened));
    absl::Status gap_status;
    consumer->OnGap([&gap_status](const std::string& instance, const v1::Gap& gap) {
      // An upstream gap is an event too.
      if (gap.cause() != v1::Gap::UPSTREAM) gap_status.Update(WriteOut(FormatGap(instance, gap, /*json=*/true)));
    });
    interrupt.OnInterrupt([&consumer] { consumer->Close(); });
    const OutputWatch output_watch([&consumer] { consumer->Close(); });

    uint64_t left = count_.value_or(std::numeric_limits<uint64_t>::max());
    DeliveryBatch batch;
    absl::Status status;
    while (left > 0 && status.ok() && (status = consumer->NextBatch(batch)).ok()) {
      std::string out;
      for (size_t i = 0; i < batch.size(); ++i) AppendDelivery(batch, i, out);
      status = WriteOut(out);
      status.Update(gap_status);
      if (status.ok()) consumer->Ack(batch);
      left -= std::min<uint64_t>(left, batch.size());
    }
    consumer->Close();
    status.Update(consumer->WaitForClose());
    return absl::IsCancelled(status) || IsOutputClosed(status) ? absl::OkStatus() : status;
  }

 private:
  std::optional<uint64_t> count_;
  bool take_over_ = false;
  ConsumerFlags consumer_;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeConsumeCommand() { return std::make_unique<ConsumeCommand>(); }

}  // namespace playhead::tools
