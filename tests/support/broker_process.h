// The real broker in a process of its own, which may be killed.
#ifndef PLAYHEAD_TESTS_SUPPORT_BROKER_PROCESS_H_
#define PLAYHEAD_TESTS_SUPPORT_BROKER_PROCESS_H_

#include <sys/types.h>

#include <string>
#include <vector>

namespace playhead::testing {

// `playhead serve`, from //tools:playhead, which the test must have among its data. Not thread-safe.
class BrokerProcess {
 public:
  // `listen` is HOST:PORT, with port 0 for a free one; `flags` are more of them. Waits until it serves.
  // Of the test's environment it gets all but PLAYHEAD_*.
  BrokerProcess(const std::string& data_dir, const std::string& listen, const std::vector<std::string>& flags = {});
  ~BrokerProcess() { Kill(); }
  BrokerProcess(const BrokerProcess&) = delete;
  BrokerProcess& operator=(const BrokerProcess&) = delete;

  // Empty if it did not come up.
  const std::string& address() const { return address_; }
  pid_t pid() const { return pid_; }

  // With SIGKILL. Waits until it is gone.
  void Kill();
  // With SIGTERM. The exit code.
  int Terminate();

 private:
  pid_t pid_ = 0;
  std::string address_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_SUPPORT_BROKER_PROCESS_H_
