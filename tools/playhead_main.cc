// playhead: the broker, its clients on the command line, and its benchmarks, in one program.
#include <memory>
#include <string>
#include <vector>

#include "tools/bench/commands.h"
#include "tools/cli/command.h"
#include "tools/cli/commands.h"

int main(int argc, char** argv) {
  std::vector<std::unique_ptr<playhead::tools::Command>> commands;
  commands.push_back(playhead::tools::MakeServeCommand());
  commands.push_back(playhead::tools::MakeAppendCommand());
  commands.push_back(playhead::tools::MakeTailCommand());
  commands.push_back(playhead::tools::MakeFetchCommand());
  commands.push_back(playhead::tools::MakeInstancesCommand());
  commands.push_back(playhead::tools::MakeDeleteCommand());
  commands.push_back(playhead::tools::MakeBenchLimitsCommand());
  commands.push_back(playhead::tools::MakeBenchAppendCommand());
  commands.push_back(playhead::tools::MakeBenchReplayCommand());
  commands.push_back(playhead::tools::MakeBenchLatencyCommand());
  commands.push_back(playhead::tools::MakeBenchFanoutCommand());
  return playhead::tools::RunCommandLine(commands, std::vector<std::string>(argv + 1, argv + argc));
}
