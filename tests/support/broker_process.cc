#include "tests/support/broker_process.h"

#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace playhead::testing {
namespace {

// The broker takes its flags from such variables too: those of the test are not for it.
std::vector<char*> EnvironmentWithoutOurs() {
  std::vector<char*> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!absl::StartsWith(*variable, "PLAYHEAD_")) kept.push_back(*variable);
  }
  kept.push_back(nullptr);
  return kept;
}

}  // namespace

BrokerProcess::BrokerProcess(const std::string& data_dir, const std::string& listen,
                             const std::vector<std::string>& flags) {
  const std::string program = absl::StrCat(std::getenv("TEST_SRCDIR"), "/playhead/tools/playhead");
  std::vector<std::string> arguments = {program, "serve", "--data_dir=" + data_dir, "--grpc_listen=" + listen};
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  int out[2];
  if (pipe(out) != 0) std::abort();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  if (posix_spawn(&pid_, program.c_str(), &actions, nullptr, argv.data(), EnvironmentWithoutOurs().data()) != 0)
    std::abort();
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  FILE* const lines = fdopen(out[0], "r");
  char line[256] = "";
  if (std::fgets(line, sizeof(line), lines) == nullptr) line[0] = '\0';
  std::fclose(lines);
  absl::string_view ready = absl::StripAsciiWhitespace(line);
  if (absl::ConsumePrefix(&ready, "ready grpc=")) address_ = std::string(ready.substr(0, ready.find(' ')));
}

void BrokerProcess::Kill() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

int BrokerProcess::Terminate() {
  if (pid_ == 0) return 0;
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace playhead::testing
