#include "tests/support/broker_process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"

namespace playhead::testing {
namespace {

constexpr int kFirstHandedOver = 3;

// The broker takes its flags from such variables too: those of the test are not for it.
std::vector<std::string> EnvironmentWithoutOurs(const std::vector<std::string>& more) {
  std::vector<std::string> kept;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    if (!absl::StartsWith(*variable, "PLAYHEAD_")) kept.emplace_back(*variable);
  }
  kept.insert(kept.end(), more.begin(), more.end());
  return kept;
}

// The sockets that the arguments hand over, "--flag=fd:N"; from then on they name them by where the program has them:
// from descriptor 3 on, in their order.
std::vector<int> RenumberHandedOver(std::vector<std::string>& arguments) {
  std::map<int, std::vector<std::string*>> naming;
  for (std::string& argument : arguments) {
    int number = 0;
    const size_t at = argument.find("=fd:");
    if (at != std::string::npos && absl::SimpleAtoi(argument.substr(at + 4), &number))
      naming[number].push_back(&argument);
  }
  std::vector<int> handed_over;
  for (const auto& [number, named_by] : naming) {
    for (std::string* argument : named_by) {
      argument->replace(argument->find("=fd:") + 4, std::string::npos,
                        absl::StrCat(kFirstHandedOver + handed_over.size()));
    }
    handed_over.push_back(number);
  }
  return handed_over;
}

// The program has what was handed over, and nothing else that the test has open: a connection of a client's that it had
// too would not end when the client closes it. In their order none is overwritten before it is moved.
void KeepOnly(const std::vector<int>& handed_over, posix_spawn_file_actions_t& actions) {
  int next = kFirstHandedOver;
  for (const int descriptor : handed_over) posix_spawn_file_actions_adddup2(&actions, descriptor, next++);
  posix_spawn_file_actions_addclosefrom_np(&actions, next);
}

// As the C library wants them; into `texts`.
std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

BrokerProcess::BrokerProcess(const std::string& data_dir, const std::string& listen,
                             const std::vector<std::string>& flags, const BrokerSurroundings& surroundings) {
  std::vector<std::string> arguments = surroundings.runner;
  arguments.push_back(absl::StrCat(std::getenv("TEST_SRCDIR"), "/playhead/tools/playhead"));
  arguments.insert(arguments.end(), {"serve", "--data_dir=" + data_dir, "--grpc_listen=" + listen});
  arguments.insert(arguments.end(), flags.begin(), flags.end());
  const std::vector<int> handed_over = RenumberHandedOver(arguments);
  std::vector<std::string> environment = EnvironmentWithoutOurs(surroundings.environment);
  int out[2];
  if (pipe2(out, O_CLOEXEC) != 0) std::abort();
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  if (!surroundings.stderr_file.empty()) {
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, surroundings.stderr_file.c_str(),
                                     O_WRONLY | O_CREAT | O_APPEND, 0600);
  }
  KeepOnly(handed_over, actions);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  if (posix_spawnp(&pid_, argv[0], &actions, nullptr, argv.data(), envp.data()) != 0) std::abort();
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  FILE* const lines = fdopen(out[0], "r");
  char line[256] = "";
  if (std::fgets(line, sizeof(line), lines) == nullptr) line[0] = '\0';
  std::fclose(lines);
  absl::string_view ready = absl::StripAsciiWhitespace(line);
  if (!absl::ConsumePrefix(&ready, "ready grpc=")) return;
  const std::pair<std::string, std::string> addresses = absl::StrSplit(ready, " http=");
  address_ = addresses.first;
  http_address_ = addresses.second;
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
  return AwaitExit();
}

int BrokerProcess::AwaitExit() {
  if (pid_ == 0) return 0;
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace playhead::testing
