#include <unistd.h>

#include <cstdio>
#include <iostream>
#include <string>

#include "absl/strings/str_cat.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/event_printer.h"
#include "tools/cli/exit_code.h"
#include "tools/cli/terminal.h"
#include "tools/cli/text.h"

namespace playhead::tools {
namespace {

class DeleteCommand : public Command {
 public:
  Info info() const override {
    return {.name = "delete",
            .arguments = "INSTANCE",
            .summary = "Delete an instance and all its events.",
            .description =
                R"(Deletes the instance with every event of it, for good. Asks on a terminal; elsewhere --yes is needed.
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
    if (!yes_ && isatty(STDIN_FILENO) != 1) return UsageError("no terminal to ask on: give --yes");
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    const absl::StatusOr<v1::Instance> instance = client->GetInstance(name);
    if (!instance.ok()) return instance.status();
    if (!yes_ && !Confirmed(*instance)) return absl::OkStatus();
    if (absl::Status status = client->DeleteInstance(name); !status.ok()) return status;
    return WriteOut(
        client_.json ? absl::StrCat("{\"name\":", JsonString(name),
                                    ",\"deleted\":true,\"event_count\":", instance->event_count(), "}\n")
                     : absl::StrCat("Deleted ", name, " with ", WithThousands(instance->event_count()), " events.\n"));
  }

 private:
  static bool Confirmed(const v1::Instance& instance) {
    std::fprintf(stderr, "Delete %s and its %s events for good? [y/N] ", instance.name().c_str(),
                 WithThousands(instance.event_count()).c_str());
    std::string answer;
    std::getline(std::cin, answer);
    if (answer == "y" || answer == "Y" || answer == "yes") return true;
    std::fputs("Nothing was deleted.\n", stderr);
    return false;
  }

  bool yes_ = false;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeDeleteCommand() { return std::make_unique<DeleteCommand>(); }

}  // namespace playhead::tools
