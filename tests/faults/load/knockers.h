// Clients that keep trying to open streams, over each protocol, on a broker that already has as many as it allows.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_KNOCKERS_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_KNOCKERS_H_

#include <grpcpp/client_context.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/faults/load/tally.h"

namespace playhead::testing {

struct Knocker {
  std::unique_ptr<Tally> tally;
  // One attempt: it is refused in the protocol's own way, or accepted and then closed. Blocks. Not thread-safe.
  std::function<void()> knock;
};

// One for each kind of stream, for events of `instance`, and one that only opens HTTP connections. Addresses are
// HOST:PORT. The broker runs open.
std::vector<Knocker> KnockersOfEveryKind(const std::string& grpc_address, const std::string& http_address,
                                         const std::string& instance);

// Opens as many streams as the broker still accepts, and reads none of them. The destructor closes them.
class StreamFiller {
 public:
  // `grpc_address` is HOST:PORT. REQUIRES: nothing is appended to `instance`.
  StreamFiller(const std::string& grpc_address, const std::string& instance);
  ~StreamFiller();
  StreamFiller(const StreamFiller&) = delete;
  StreamFiller& operator=(const StreamFiller&) = delete;

 private:
  const std::unique_ptr<v1::EventLog::Stub> stub_;
  std::vector<std::unique_ptr<grpc::ClientContext>> contexts_;
  std::vector<std::unique_ptr<grpc::ClientReader<v1::SubscribeResponse>>> streams_;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_KNOCKERS_H_
