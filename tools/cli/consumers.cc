#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "client/consumers_client.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/confirm.h"
#include "tools/cli/consumer_flags.h"
#include "tools/cli/consumer_text.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

std::string Events(uint64_t count) { return absl::StrCat(WithThousands(count), count == 1 ? " event" : " events"); }

absl::Status Write(absl::string_view out) {
  const absl::Status status = WriteOut(out);
  return IsOutputClosed(status) ? absl::OkStatus() : status;
}

class ConsumersCommand : public Command {
 protected:
  absl::StatusOr<ConsumersClient> Connect() const { return ConsumersClient::Create(client_.options()); }

  ClientFlags client_;
};

class ConsumersListCommand : public ConsumersCommand {
 public:
  Info info() const override {
    return {
        .name = "consumers list",
        .arguments = "[PREFIX]",
        .summary = "List named consumers: their progress, and why they wait.",
        .description =
            R"(Lists the consumers whose names start with PREFIX, or all. LAG counts the events after the position, "at most"
if a filter may skip some; UNSETTLED those at or before it that are not settled yet.
)",
        .arguments_min = 0,
        .arguments_max = 1};
  }
  void AddFlags(FlagSet& flags) override { client_.Add(flags, /*streams=*/false); }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    absl::StatusOr<ConsumersClient> client = Connect();
    if (!client.ok()) return client.status();
    std::vector<v1::Consumer> consumers;  // The broker limits their number.
    for (const auto& consumer : client->ListConsumers(arguments.empty() ? "" : arguments[0])) {
      if (!consumer.ok()) return consumer.status();
      consumers.push_back(*consumer);
    }
    if (!client_.json) return Write(ConsumerTable(consumers));
    std::string out;
    for (const v1::Consumer& consumer : consumers) out += ConsumerJson(consumer);
    return Write(out);
  }
};

class ConsumersShowCommand : public ConsumersCommand {
 public:
  Info info() const override {
    return {.name = "consumers show",
            .arguments = "CONSUMER",
            .summary = "Describe one consumer: its settings, progress and holders.",
            .description = "",
            .arguments_min = 1,
            .arguments_max = 1};
  }
  void AddFlags(FlagSet& flags) override { client_.Add(flags, /*streams=*/false); }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    absl::StatusOr<ConsumersClient> client = Connect();
    if (!client.ok()) return client.status();
    const auto consumer = client->GetConsumer(arguments[0]);
    if (!consumer.ok()) return consumer.status();
    return Write(client_.json ? ConsumerJson(*consumer) : ConsumerDetails(*consumer));
  }
};

class ConsumersLagCommand : public ConsumersCommand {
 public:
  Info info() const override {
    return {
        .name = "consumers lag",
        .arguments = "CONSUMER",
        .summary = "Print the number of events that a consumer has yet to settle.",
        .description =
            R"(Prints one number, for scripts: the events after the position, plus those at or before it that are not settled.
With --max the exit code is 1 if there are more.
)",
        .arguments_min = 1,
        .arguments_max = 1};
  }
  void AddFlags(FlagSet& flags) override {
    flags.Section("Watching");
    flags.OptionalNumber("max", &max_, "N", "Fail if there are more.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    absl::StatusOr<ConsumersClient> client = Connect();
    if (!client.ok()) return client.status();
    const auto consumer = client->GetConsumer(arguments[0]);
    if (!consumer.ok()) return consumer.status();
    const uint64_t lag = consumer->lag().event_count() + consumer->unsettled_count();
    absl::Status status = Write(client_.json ? ConsumerJson(*consumer) : absl::StrCat(lag, "\n"));
    if (!status.ok() || !max_.has_value() || lag <= *max_) return status;
    return FailedError(absl::StrCat(arguments[0], " has ", Events(lag), " to settle; --max is ", *max_));
  }

 private:
  std::optional<uint64_t> max_;
};

class ConsumersCreateCommand : public ConsumersCommand {
 public:
  Info info() const override {
    return {
        .name = "consumers create",
        .arguments = "CONSUMER",
        .summary = "Create a named consumer, whose position the broker keeps.",
        .description =
            R"(Creates a consumer of one instance, of a prefix, or of all; an existing one with the same settings keeps its
position. The default start is the first kept event. For example:
  playhead consumers create crm --prefix=bot- --types='message.*' --from=now
)",
        .arguments_min = 1,
        .arguments_max = 1};
  }
  void AddFlags(FlagSet& flags) override {
    consumer_.Add(flags);
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    const auto request = consumer_.request(arguments[0]);
    if (!request.ok()) return request.status();
    absl::StatusOr<ConsumersClient> client = Connect();
    if (!client.ok()) return client.status();
    const auto made = client->CreateConsumer(*request);
    if (!made.ok()) return made.status();
    if (client_.json) return Write(ConsumerJson(made->consumer()));
    return Write(absl::StrCat(made->created() ? "Made " : "There is already ", arguments[0], ", reading ",
                              SourceText(made->consumer().config().source()), "; ", LagText(made->consumer().lag()),
                              " events lie before it.\n"));
  }

 private:
  ConsumerFlags consumer_;
};

class ConsumersDeleteCommand : public ConsumersCommand {
 public:
  Info info() const override {
    return {
        .name = "consumers delete",
        .arguments = "CONSUMER",
        .summary = "Delete a consumer with its position; the events stay.",
        .description =
            R"(Deletes the consumer's position and its list of parked events. Asks on a terminal; elsewhere --yes is needed.
)",
        .arguments_min = 1,
        .arguments_max = 1};
  }
  void AddFlags(FlagSet& flags) override {
    flags.Section("Deleting");
    flags.Bool("yes", &yes_, "Do not ask.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    const std::string& name = arguments[0];
    absl::StatusOr<ConsumersClient> client = Connect();
    if (!client.ok()) return client.status();
    const auto consumer = client->GetConsumer(name);
    if (!consumer.ok()) return consumer.status();
    const auto go = Confirm(yes_, absl::StrCat("Delete ", name, ", its position and ", Events(consumer->parked_count()),
                                               " that it has parked?"));
    if (!go.ok() || !*go) return go.status();
    if (absl::Status status = client->DeleteConsumer(name); !status.ok()) return status;
    return Write(client_.json ? absl::StrCat("{\"name\":", JsonString(name), ",\"deleted\":true}\n")
                              : absl::StrCat("Deleted ", name, ".\n"));
  }

 private:
  bool yes_ = false;
};

class ConsumersResetCommand : public ConsumersCommand {
 public:
  Info info() const override {
    return {
        .name = "consumers reset",
        .arguments = "CONSUMER",
        .summary = "Set a consumer's position: events after it are delivered again.",
        .description =
            R"(Shows how many events would be delivered again and how many would be skipped, asks, and resets if it is still
no more than that. With --dry_run it only shows the numbers. Without a terminal --yes is needed.
  playhead consumers reset crm --from=2026-01-31T12:00:00Z --dry_run
)",
        .arguments_min = 1,
        .arguments_max = 1};
  }
  void AddFlags(FlagSet& flags) override {
    flags.Section("Where to");
    start_.Add(flags);
    flags.Section("Resetting");
    flags.Bool("dry_run", &dry_run_, "Show what it would do, and change nothing.");
    flags.Number<uint64_t>("room", &room_, 0, 1'000'000'000,
                           "Accept this many more events than shown, for those appended and settled meanwhile.");
    flags.Bool("yes", &yes_, "Do not ask.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    const std::string& name = arguments[0];
    const auto start = start_.start();
    if (!start.ok()) return start.status();
    absl::StatusOr<ConsumersClient> client = Connect();
    if (!client.ok()) return client.status();
    v1::ResetConsumerRequest request;
    request.set_name(name);
    *request.mutable_start() = *start;
    request.set_dry_run(true);
    const auto plan = client->ResetConsumer(request);
    if (!plan.ok()) return plan.status();
    if (dry_run_) return Write(Text(name, *plan, true));
    const auto go = Confirm(
        yes_, absl::StrCat("Reset ", name, " from ", PositionText(plan->from()), " to ", PositionText(plan->to()), ": ",
                           Again(*plan), " come again, ", Events(plan->events_skipped()), " are skipped?"));
    if (!go.ok() || !*go) return go.status();
    request.set_dry_run(false);
    request.set_events_again_max(plan->events_again() + room_);
    request.set_events_skipped_max(plan->events_skipped() + room_);
    const auto done = client->ResetConsumer(request);
    if (!done.ok()) return done.status();
    return Write(Text(name, *done, false));
  }

 private:
  static std::string Again(const v1::ResetConsumerResponse& reset) {
    if (reset.unparked_count() == 0) return Events(reset.events_again());
    return absl::StrCat(Events(reset.events_again()), " (", WithThousands(reset.unparked_count()), " of them parked)");
  }

  std::string Text(const std::string& name, const v1::ResetConsumerResponse& reset, bool dry_run) const {
    if (client_.json) {
      return absl::StrCat("{\"name\":", JsonString(name), ",\"from\":", JsonString(PositionText(reset.from())),
                          ",\"to\":", JsonString(PositionText(reset.to())), ",\"events_again\":", reset.events_again(),
                          ",\"events_skipped\":", reset.events_skipped(), ",\"unparked\":", reset.unparked_count(),
                          ",\"dry_run\":", dry_run ? "true" : "false", "}\n");
    }
    return absl::StrCat(dry_run ? "Would reset " : "Reset ", name, " from ", PositionText(reset.from()), " to ",
                        PositionText(reset.to()), ": ", Again(reset), " come again, ", Events(reset.events_skipped()),
                        " are skipped.\n");
  }

  ConsumerStartFlags start_;
  bool dry_run_ = false;
  uint64_t room_ = 0;
  bool yes_ = false;
};

}  // namespace

std::unique_ptr<Command> MakeConsumersListCommand() { return std::make_unique<ConsumersListCommand>(); }
std::unique_ptr<Command> MakeConsumersShowCommand() { return std::make_unique<ConsumersShowCommand>(); }
std::unique_ptr<Command> MakeConsumersLagCommand() { return std::make_unique<ConsumersLagCommand>(); }
std::unique_ptr<Command> MakeConsumersCreateCommand() { return std::make_unique<ConsumersCreateCommand>(); }
std::unique_ptr<Command> MakeConsumersDeleteCommand() { return std::make_unique<ConsumersDeleteCommand>(); }
std::unique_ptr<Command> MakeConsumersResetCommand() { return std::make_unique<ConsumersResetCommand>(); }

}  // namespace playhead::tools
