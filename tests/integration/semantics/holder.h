// Holder: holds a consumer over gRPC and does what holders do, well and badly, and tells the oracle.
#ifndef PLAYHEAD_TESTS_INTEGRATION_SEMANTICS_HOLDER_H_
#define PLAYHEAD_TESTS_INTEGRATION_SEMANTICS_HOLDER_H_

#include <grpcpp/channel.h>

#include <atomic>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "playhead/v1/consumers.grpc.pb.h"
#include "tests/integration/semantics/oracle.h"
#include "tests/support/seed.h"

namespace playhead::testing {

struct HolderOptions {
  std::string consumer;
  // It never lets a deadline pass, so that what it names by `up_to_cursor` is what it holds.
  bool deadline_is_long = true;
  bool takes_over = false;  // At times, from others of its kind.
};

// Not thread-safe.
class Holder {
 public:
  Holder(std::shared_ptr<grpc::Channel> channel, Oracle& oracle, HolderOptions options, uint64_t seed)
      : stub_(v1::Consumers::NewStub(channel)), oracle_(oracle), options_(std::move(options)), random_(seed) {}

  // Opens a stream, settles what comes as the random numbers say, and ends it: decently, or by breaking it off. Errors
  // are the broker's to make, when it is killed.
  void HoldForAWhile(const std::atomic<bool>& stop);

  // Acknowledges everything until the broker says that nothing is left, or `deadline`: false.
  bool HoldToTheEnd(absl::Time deadline);

 private:
  struct Sent {
    std::vector<std::set<EventKey>> acked;  // By settlement.
    std::vector<std::set<EventKey>> parked;
  };
  using Stream = grpc::ClientReaderWriter<v1::ConsumeRequest, v1::ConsumeResponse>;

  std::unique_ptr<Stream> Open(grpc::ClientContext& context, bool take_over);
  void Take(const v1::ConsumeResponse& response, Oracle::Stream& told);
  // What is said of the events that came; false if that could not be sent.
  bool SettleSome(const v1::ConsumeResponse& response, Stream& stream, Oracle::Stream& told);
  bool AckAll(const v1::ConsumeResponse& response, Stream& stream, Oracle::Stream& told);
  bool Send(v1::ConsumeRequest request, Sent sent, Stream& stream, Oracle::Stream& told);
  void OnAnswers(const v1::ConsumeResponse& response, Oracle::Stream& told);
  bool IsDrained();

  const std::unique_ptr<v1::Consumers::Stub> stub_;
  Oracle& oracle_;
  const HolderOptions options_;
  Random random_;

  // Of the stream.
  std::map<std::string, std::set<uint64_t>> held_;
  std::map<std::string, std::set<uint64_t>> nacked_;  // By instance.
  std::map<uint64_t, Sent> unanswered_;
  uint64_t last_number_ = 0;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_INTEGRATION_SEMANTICS_HOLDER_H_
