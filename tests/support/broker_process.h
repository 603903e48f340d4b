// The real broker in its own process, which a test may kill.
#ifndef PLAYHEAD_TESTS_SUPPORT_BROKER_PROCESS_H_
#define PLAYHEAD_TESTS_SUPPORT_BROKER_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace playhead::testing {

// The surroundings in which a broker is started.
struct BrokerSurroundings {
  // A command that executes the rest of its command line, with its own arguments: {"prlimit", "--nofile=64"}. It is
  // looked up in PATH.
  std::vector<std::string> runner;
  // NAME=VALUE, added to the test's environment.
  std::vector<std::string> environment;
  // The file to which its standard error is appended. If empty, the broker uses the test's standard error.
  std::string stderr_file;
};

// `playhead serve`, from //tools:playhead, which must be in the `data` of the test. Not thread-safe.
class BrokerProcess {
 public:
  // Starts the broker and waits until it serves. `listen` is the value of --grpc_listen (HOST:PORT; port 0 picks a free
  // one); `flags` are further flags. The broker gets the test's environment except for PLAYHEAD_*, and inherits the
  // sockets that its flags name (fd:N).
  BrokerProcess(const std::string& data_dir, const std::string& listen, const std::vector<std::string>& flags = {},
                const BrokerSurroundings& surroundings = {});
  ~BrokerProcess() { Kill(); }
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  // HOST:PORT of gRPC. Empty if the broker did not start.
  const std::string& address() const { return address_; }
  // HOST:PORT of HTTP, if that is served.
  const std::string& http_address() const { return http_address_; }
  pid_t pid() const { return pid_; }

  // Sends SIGKILL and waits until the process is gone.
  void Kill();
  // Sends SIGTERM and waits. Returns the exit code; -1 if a signal ended the process.
  int Terminate();
  // Waits until the process ends by itself. Returns as Terminate.
  int AwaitExit();

 private:
  pid_t pid_ = 0;
  std::string address_;
  std::string http_address_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_BROKER_PROCESS_H_
