// SettingCommand: a command for the setting of INSTANCE, or with --all for all instances without one of their own.
#ifndef PLAYHEAD_TOOLS_CLI_SETTING_COMMAND_H_
#define PLAYHEAD_TOOLS_CLI_SETTING_COMMAND_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/cli/client_flags.h"
#include "tools/cli/command.h"
#include "tools/cli/exit_code.h"

namespace playhead::tools {

// The services' name for all instances without a setting of their own.
inline constexpr absl::string_view kAllInstances = "*";

// `Client` is the client of the setting's service, such as RetentionClient. Otherwise as Command.
template <typename Client>
class SettingCommand : public Command {
 public:
  void AddFlags(FlagSet& flags) final {
    flags.Section("Whose");
    flags.Bool("all", &all_, "For all instances without one of their own, instead of INSTANCE.");
    AddOwnFlags(flags);
    client_.Add(flags, /*streams=*/false);
  }

  absl::Status Run(absl::Span<const std::string> arguments) final {
    if (!arguments.empty() && all_) return UsageError("give either INSTANCE or --all");
    if (arguments.empty() && !all_ && !AllByDefault()) return UsageError("give INSTANCE or --all");
    auto client = Client::Create(client_.options());
    if (!client.ok()) return client.status();
    return RunOn(*client, arguments.empty() ? std::string(kAllInstances) : arguments[0]);
  }

 protected:
  virtual void AddOwnFlags(FlagSet& /*flags*/) {}
  virtual bool AllByDefault() const { return false; }
  // `instance` is a name, or kAllInstances.
  virtual absl::Status RunOn(Client& client, const std::string& instance) = 0;
  bool json() const { return client_.json; }

 private:
  bool all_ = false;
  ClientFlags client_;
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_SETTING_COMMAND_H_
