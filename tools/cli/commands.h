// The commands of the CLI, in the order in which the help shows them.
#ifndef PLAYHEAD_TOOLS_CLI_COMMANDS_H_
#define PLAYHEAD_TOOLS_CLI_COMMANDS_H_

#include <memory>

#include "tools/cli/command.h"

namespace playhead::tools {

std::unique_ptr<Command> MakeServeCommand();
std::unique_ptr<Command> MakeAppendCommand();
std::unique_ptr<Command> MakeTailCommand();
std::unique_ptr<Command> MakeFetchCommand();
std::unique_ptr<Command> MakeFindCommand();
std::unique_ptr<Command> MakeConsumeCommand();
std::unique_ptr<Command> MakeConsumersListCommand();
std::unique_ptr<Command> MakeConsumersShowCommand();
std::unique_ptr<Command> MakeConsumersLagCommand();
std::unique_ptr<Command> MakeConsumersCreateCommand();
std::unique_ptr<Command> MakeConsumersDeleteCommand();
std::unique_ptr<Command> MakeConsumersResetCommand();
std::unique_ptr<Command> MakeConsumersParkedCommand();
std::unique_ptr<Command> MakeInstancesCommand();
std::unique_ptr<Command> MakeDeleteCommand();
std::unique_ptr<Command> MakeEraseCommand();
std::unique_ptr<Command> MakeErasuresCommand();
std::unique_ptr<Command> MakeReplayCommand();
std::unique_ptr<Command> MakeReplayListCommand();
std::unique_ptr<Command> MakeReplayShowCommand();
std::unique_ptr<Command> MakeReplayPauseCommand();
std::unique_ptr<Command> MakeReplayResumeCommand();
std::unique_ptr<Command> MakeReplayCancelCommand();
std::unique_ptr<Command> MakeKeysCreateCommand();
std::unique_ptr<Command> MakeKeysListCommand();
std::unique_ptr<Command> MakeKeysRevokeCommand();
std::unique_ptr<Command> MakeKeysRotateCommand();
std::unique_ptr<Command> MakeLimitsShowCommand();
std::unique_ptr<Command> MakeLimitsSetCommand();
std::unique_ptr<Command> MakeLimitsClearCommand();
std::unique_ptr<Command> MakeWebhookSecretCommand();
std::unique_ptr<Command> MakeWebhookSecretsCommand();
std::unique_ptr<Command> MakeRetentionShowCommand();
std::unique_ptr<Command> MakeRetentionSetCommand();
std::unique_ptr<Command> MakeRetentionClearCommand();
std::unique_ptr<Command> MakeVZapsShowCommand();
std::unique_ptr<Command> MakeVZapsSetCommand();
std::unique_ptr<Command> MakeVZapsClearCommand();
std::unique_ptr<Command> MakeBackupCommand();
std::unique_ptr<Command> MakeBackupListCommand();
std::unique_ptr<Command> MakeRestoreCommand();
std::unique_ptr<Command> MakeVerifyCommand();
std::unique_ptr<Command> MakeDoctorCommand();
std::unique_ptr<Command> MakeTlsDevCertCommand();
std::unique_ptr<Command> MakeVersionCommand();

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_CLI_COMMANDS_H_
