#include <string>

#include "absl/strings/str_cat.h"
#include "proto/event_json.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/commands.h"
#include "tools/cli/confirm.h"
#include "tools/cli/event_printer.h"
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
                R"(Deletes the instance with all its events, for good. Asks on a terminal; elsewhere --yes is needed.
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
    absl::StatusOr<Client> client = client_.Connect();
    if (!client.ok()) return client.status();
    const absl::StatusOr<v1::Instance> instance = client->GetInstance(name);
    if (!instance.ok()) return instance.status();
    const auto go = Confirm(
        yes_, absl::StrCat("Delete ", name, " and its ", WithThousands(instance->event_count()), " events for good?"));
    if (!go.ok() || !*go) return go.status();
    if (absl::Status status = client->DeleteInstance(name); !status.ok()) return status;
    return WriteOut(
        client_.json ? absl::StrCat("{\"name\":", JsonString(name),
                                    ",\"deleted\":true,\"event_count\":", instance->event_count(), "}\n")
                     : absl::StrCat("Deleted ", name, " with ", WithThousands(instance->event_count()), " events.\n"));
  }

 private:
  bool yes_ = false;
  ClientFlags client_;
};

}  // namespace

std::unique_ptr<Command> MakeDeleteCommand() { return std::make_unique<DeleteCommand>(); }

}  // namespace playhead::tools
