// The real broker in a process of its own, which may be killed.
#ifndef PLAYHEAD_TESTS_SUPPORT_BROKER_PROCESS_H_
#define PLAYHEAD_TESTS_SUPPORT_BROKER_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace playhead::testing {

// What it is started in.
struct BrokerSurroundings {
  // A command that becomes another one, with what stands before that on its line: {"prlimit", "--nofile=64"}. It is
  // looked for in PATH.
  std::vector<std::string> runner;
  // NAME=VALUE, besides the test's own.
  std::vector<std::string> environment;
  // A file that its standard error goes to, behind what is in it; empty: the test's own.
  std::string stderr_file;
};

// `playhead serve`, from //tools:playhead, which the test must have among its data. Not thread-safe.
class BrokerProcess {
 public:
  // `listen` is HOST:PORT, with port 0 for a free one; `flags` are more of them. Waits until it serves.
  // Of the test's environment it gets all but PLAYHEAD_*; of what the test has open, the sockets that flags name
  // (fd:N).
  BrokerProcess(const std::string& data_dir, const std::string& listen, const std::vector<std::string>& flags = {},
                const BrokerSurroundings& surroundings = {});
  ~BrokerProcess() { Kill(); }
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  // Where it serves gRPC. Empty if it did not come up.
  const std::string& address() const { return address_; }
  // The same of HTTP, if that is served.
  const std::string& http_address() const { return http_address_; }
  pid_t pid() const { return pid_; }

  // With SIGKILL. Waits until it is gone.
  void Kill();
  // With SIGTERM. The exit code; -1 if a signal ended it.
  int Terminate();
  // Waits until it ends by itself. As Terminate.
  int AwaitExit();

 private:
  pid_t pid_ = 0;
  std::string address_;
  std::string http_address_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_BROKER_PROCESS_H_
