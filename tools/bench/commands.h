// The CLI's benchmarks, of the machine and of a running broker.
#ifndef PLAYHEAD_TOOLS_BENCH_COMMANDS_H_
#define PLAYHEAD_TOOLS_BENCH_COMMANDS_H_

#include <memory>

#include "tools/cli/command.h"

namespace playhead::tools {

std::unique_ptr<Command> MakeBenchLimitsCommand();
std::unique_ptr<Command> MakeBenchAppendCommand();
std::unique_ptr<Command> MakeBenchReplayCommand();
std::unique_ptr<Command> MakeBenchConsumeCommand();
std::unique_ptr<Command> MakeBenchLatencyCommand();
std::unique_ptr<Command> MakeBenchFanoutCommand();
std::unique_ptr<Command> MakeBenchWebhookCommand();

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_COMMANDS_H_
