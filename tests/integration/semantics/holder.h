// Holder: holds a consumer over gRPC, does what good and bad holders do, and reports it to the oracle.
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
  // The deadline never passes, so that an `up_to_cursor` covers exactly what it holds.
  bool deadline_is_long = true;
  bool takes_over = false;  // Whether it sometimes takes over from another holder.
};

// Not thread-safe.
class Holder {
 public:
  Holder(std::shared_ptr<grpc::Channel> channel, Oracle& oracle, HolderOptions options, uint64_t seed)
      : stub_(v1::Consumers::NewStub(channel)), oracle_(oracle), options_(std::move(options)), random_(seed) {}

  // Opens a stream, settles what comes at random, and ends the stream cleanly or by cancelling it. Errors are ignored,
  // since the broker may be killed at any time.
  void HoldForAWhile(const std::atomic<bool>& stop);

  // Acknowledges everything until the broker says that nothing is left. False if `deadline` passes first.
  bool HoldToTheEnd(absl::Time deadline);

 private:
  struct Sent {
    std::vector<std::set<EventKey>> acked;  // By settlement.
    std::vector<std::set<EventKey>> parked;
  };
  using Stream = grpc::ClientReaderWriter<v1::ConsumeRequest, v1::ConsumeResponse>;

  std::unique_ptr<Stream> Open(grpc::ClientContext& context, bool take_over);
  void Take(const v1::ConsumeResponse& response, Oracle::Stream& told);
  // Settles some of the events in the response. False if that could not be sent.
  bool SettleSome(const v1::ConsumeResponse& response, Stream& stream, Oracle::Stream& told);
  bool AckAll(const v1::ConsumeResponse& response, Stream& stream, Oracle::Stream& told);
  bool Send(v1::ConsumeRequest request, Sent sent, Stream& stream, Oracle::Stream& told);
  void OnAnswers(const v1::ConsumeResponse& response, Oracle::Stream& told);
  bool IsDrained();

  const std::unique_ptr<v1::Consumers::Stub> stub_;
  Oracle& oracle_;
  const HolderOptions options_;
  Random random_;

  // State of the current stream.
  std::map<std::string, std::set<uint64_t>> held_;
  std::map<std::string, std::set<uint64_t>> nacked_;  // By instance.
  std::map<uint64_t, Sent> unanswered_;
  uint64_t last_number_ = 0;
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_INTEGRATION_SEMANTICS_HOLDER_H_
