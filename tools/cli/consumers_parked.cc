#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "client/consumers_client.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/confirm.h"
#include "tools/cli/consumer_text.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

// The broker's limit for one request.
constexpr uint64_t kParkedPerCallMax = 10'000;

class ConsumersParkedCommand : public Command {
 public:
  Info info() const override {
    return {.name = "consumers parked",
            .arguments = "[list|requeue|drop] CONSUMER",
            .summary = "List the events that a consumer has parked, deliver them again, or drop them.",
            .description =
                R"(Events that failed too often are parked, with the reason, until they are requeued or dropped:
  playhead consumers parked crm                                    what is parked, and why
  playhead consumers parked requeue crm --numbers=3,7              deliver these again, as if new
  playhead consumers parked requeue crm --oldest=100 --dry_run     how many these would be
  playhead consumers parked drop crm --all --yes                   never deliver any of them
)",
            .arguments_min = 1,
            .arguments_max = 2};
  }

  void AddFlags(FlagSet& flags) override {
    flags.Section("What is parked");
    flags.Bool("events", &events_, "List the events themselves too; only as JSON.");
    flags.Text("numbers", &numbers_, "N,M", "The events with these numbers.");
    flags.Number<uint32_t>("oldest", &oldest_, 0, kParkedPerCallMax, "This many of the oldest events.");
    flags.Bool("all", &all_, "All events.");
    flags.Bool("dry_run", &dry_run_, "Show how many events these are, and change nothing.");
    flags.Bool("yes", &yes_, "Do not ask.");
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) override {
    const std::string verb = arguments.size() == 1 ? "list" : arguments[0];
    const std::string& name = arguments.back();
    if (verb != "list" && verb != "requeue" && verb != "drop") {
      return UsageError(absl::StrCat("\"", verb, "\" is not list, requeue or drop"));
    }
    const bool chosen = !numbers_.empty() || oldest_ != 0 || all_;
    if ((verb == "list") == chosen) {
      return UsageError(chosen ? "--numbers, --oldest and --all go with requeue and drop"
                               : "give one of --numbers, --oldest and --all");
    }
    absl::StatusOr<ConsumersClient> client = ConsumersClient::Create(client_.options());
    if (!client.ok()) return client.status();
    if (verb == "list") return List(*client, name);
    return verb == "requeue" ? Requeue(*client, name) : Drop(*client, name);
  }

 private:
  absl::Status List(ConsumersClient& client, const std::string& name) const {
    std::vector<v1::ParkedEvent> parked;  // The broker limits their number.
    for (const auto& event : client.ListParked(name, events_)) {
      if (!event.ok()) return event.status();
      if (!client_.json) {
        parked.push_back(*event);
      } else if (absl::Status status = WriteOut(ParkedJson(*event)); !status.ok()) {
        return IsOutputClosed(status) ? absl::OkStatus() : status;
      }
    }
    return client_.json ? absl::OkStatus() : WriteOut(ParkedTable(parked));
  }

  // Fills in which events; exit code 2 unless exactly one of the flags is given.
  template <typename Request>
  absl::Status Choose(Request& request) const {
    if (!numbers_.empty() + (oldest_ != 0) + all_ != 1) return UsageError("give one of --numbers, --oldest and --all");
    if (oldest_ != 0 || all_) {
      request.set_oldest(all_ ? static_cast<uint32_t>(kParkedPerCallMax) : oldest_);
      return absl::OkStatus();
    }
    for (const absl::string_view text : absl::StrSplit(numbers_, ',')) {
      uint64_t number;
      if (!absl::SimpleAtoi(text, &number)) return UsageError(absl::StrCat("--numbers: \"", text, "\" is no number"));
      request.add_numbers(number);
    }
    return absl::OkStatus();
  }

  absl::Status Requeue(ConsumersClient& client, const std::string& name) const {
    v1::RequeueParkedRequest request;
    request.set_consumer(name);
    if (absl::Status status = Choose(request); !status.ok()) return status;
    request.set_dry_run(true);
    const auto plan = client.RequeueParked(request);
    if (!plan.ok()) return plan.status();
    if (dry_run_) return Say(name, "requeue", plan->requeued_count(), plan->parked_count());
    const auto go = Confirm(
        yes_, absl::StrCat("Deliver ", WithThousands(plan->requeued_count()), " parked events of ", name, " again?"));
    if (!go.ok() || !*go) return go.status();
    request.set_dry_run(false);
    const auto done = client.RequeueParked(request);
    if (!done.ok()) return done.status();
    return Say(name, "requeue", done->requeued_count(), done->parked_count());
  }

  absl::Status Drop(ConsumersClient& client, const std::string& name) const {
    v1::DropParkedRequest request;
    request.set_consumer(name);
    if (absl::Status status = Choose(request); !status.ok()) return status;
    request.set_dry_run(true);
    const auto plan = client.DropParked(request);
    if (!plan.ok()) return plan.status();
    if (dry_run_) return Say(name, "drop", plan->dropped_count(), plan->parked_count());
    const auto go = Confirm(
        yes_, absl::StrCat("Drop ", WithThousands(plan->dropped_count()), " parked events of ", name, " for good?"));
    if (!go.ok() || !*go) return go.status();
    request.set_dry_run(false);
    const auto done = client.DropParked(request);
    if (!done.ok()) return done.status();
    return Say(name, "drop", done->dropped_count(), done->parked_count());
  }

  absl::Status Say(const std::string& name, absl::string_view verb, uint64_t count, uint64_t parked) const {
    if (client_.json) {
      return WriteOut(absl::StrCat("{\"name\":", JsonString(name), ",\"", verb, "\":", count, ",\"parked\":", parked,
                                   ",\"dry_run\":", dry_run_ ? "true" : "false", "}\n"));
    }
    const absl::string_view did =
        verb == "drop" ? (dry_run_ ? "Would drop " : "Dropped ") : (dry_run_ ? "Would requeue " : "Requeued ");
    return WriteOut(absl::StrCat(did, WithThousands(count), count == 1 ? " event of " : " events of ", name, "; ",
                                 WithThousands(parked), dry_run_ ? " would stay parked.\n" : " stay parked.\n"));
  }

  bool events_ = false;
  std::string numbers_;
  uint32_t oldest_ = 0;
  bool all_ = false;
  bool dry_run_ = false;
  bool yes_ = false;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeConsumersParkedCommand() { return std::make_unique<ConsumersParkedCommand>(); }

}  // namespace playhead::tools
