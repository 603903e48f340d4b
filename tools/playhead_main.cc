// playhead: the broker, its clients on the command line, and its benchmarks, in one program.
#include <malloc.h>

#include <memory>
#include <string>
#include <vector>

#include "absl/synchronization/mutex.h"
#include "tools/bench/commands.h"
#include "tools/cli/command.h"
#include "tools/cli/commands.h"
#include "tools/cli/library_log.h"

namespace {

// Batches of events and the transport's buffers have hundreds of KiB and live for milliseconds. By default the C
// library maps and unmaps memory for each, and the kernel zeroes every page: a fifth of the time of a replay.
void KeepLargeBuffers() {
  constexpr int kKeepBytes = 64 << 20;
  mallopt(M_MMAP_THRESHOLD, 4 << 20);
  mallopt(M_TRIM_THRESHOLD, kKeepBytes);
}

}  // namespace

int main(int argc, char** argv) {
  KeepLargeBuffers();
  // The distribution builds Abseil with its deadlock detector on; it takes a global lock at every lock.
  absl::SetMutexDeadlockDetectionMode(absl::OnDeadlockCycle::kIgnore);
  playhead::tools::DropLibraryLogs();
  std::vector<std::unique_ptr<playhead::tools::Command>> commands;
  commands.push_back(playhead::tools::MakeServeCommand());
  commands.push_back(playhead::tools::MakeAppendCommand());
  commands.push_back(playhead::tools::MakeTailCommand());
  commands.push_back(playhead::tools::MakeFetchCommand());
  commands.push_back(playhead::tools::MakeFindCommand());
  commands.push_back(playhead::tools::MakeConsumeCommand());
  commands.push_back(playhead::tools::MakeConsumersListCommand());
  commands.push_back(playhead::tools::MakeConsumersShowCommand());
  commands.push_back(playhead::tools::MakeConsumersLagCommand());
  commands.push_back(playhead::tools::MakeConsumersCreateCommand());
  commands.push_back(playhead::tools::MakeConsumersDeleteCommand());
  commands.push_back(playhead::tools::MakeConsumersResetCommand());
  commands.push_back(playhead::tools::MakeConsumersParkedCommand());
  commands.push_back(playhead::tools::MakeInstancesCommand());
  commands.push_back(playhead::tools::MakeDeleteCommand());
  commands.push_back(playhead::tools::MakeEraseCommand());
  commands.push_back(playhead::tools::MakeErasuresCommand());
  commands.push_back(playhead::tools::MakeReplayCommand());
  commands.push_back(playhead::tools::MakeReplayListCommand());
  commands.push_back(playhead::tools::MakeReplayShowCommand());
  commands.push_back(playhead::tools::MakeReplayPauseCommand());
  commands.push_back(playhead::tools::MakeReplayResumeCommand());
  commands.push_back(playhead::tools::MakeReplayCancelCommand());
  commands.push_back(playhead::tools::MakeKeysCreateCommand());
  commands.push_back(playhead::tools::MakeKeysListCommand());
  commands.push_back(playhead::tools::MakeKeysRevokeCommand());
  commands.push_back(playhead::tools::MakeKeysRotateCommand());
  commands.push_back(playhead::tools::MakeLimitsShowCommand());
  commands.push_back(playhead::tools::MakeLimitsSetCommand());
  commands.push_back(playhead::tools::MakeLimitsClearCommand());
  commands.push_back(playhead::tools::MakeWebhookSecretCommand());
  commands.push_back(playhead::tools::MakeWebhookSecretsCommand());
  commands.push_back(playhead::tools::MakeRetentionShowCommand());
  commands.push_back(playhead::tools::MakeRetentionSetCommand());
  commands.push_back(playhead::tools::MakeRetentionClearCommand());
  commands.push_back(playhead::tools::MakeVZapsShowCommand());
  commands.push_back(playhead::tools::MakeVZapsSetCommand());
  commands.push_back(playhead::tools::MakeVZapsClearCommand());
  commands.push_back(playhead::tools::MakeBackupCommand());
  commands.push_back(playhead::tools::MakeBackupListCommand());
  commands.push_back(playhead::tools::MakeRestoreCommand());
  commands.push_back(playhead::tools::MakeVerifyCommand());
  commands.push_back(playhead::tools::MakeDoctorCommand());
  commands.push_back(playhead::tools::MakeTlsDevCertCommand());
  commands.push_back(playhead::tools::MakeVersionCommand());
  commands.push_back(playhead::tools::MakeBenchLimitsCommand());
  commands.push_back(playhead::tools::MakeBenchAppendCommand());
  commands.push_back(playhead::tools::MakeBenchReplayCommand());
  commands.push_back(playhead::tools::MakeBenchConsumeCommand());
  commands.push_back(playhead::tools::MakeBenchLatencyCommand());
  commands.push_back(playhead::tools::MakeBenchFanoutCommand());
  commands.push_back(playhead::tools::MakeBenchWebhookCommand());
  return playhead::tools::RunCommandLine(commands, std::vector<std::string>(argv + 1, argv + argc));
}
