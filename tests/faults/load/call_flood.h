// Open-loop appends over gRPC: each is sent when it is due, whether or not the earlier ones were answered.
#ifndef PLAYHEAD_TESTS_FAULTS_LOAD_CALL_FLOOD_H_
#define PLAYHEAD_TESTS_FAULTS_LOAD_CALL_FLOOD_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/grpc_endpoint.h"
#include "playhead/v1/event_log.grpc.pb.h"
#include "tests/faults/load/tally.h"

namespace playhead::testing {

// Each event is offered once, and has its own number (tests/load/numbered_messages.h). Not thread-safe.
class CallFlood {
 public:
  // `target` is HOST:PORT. Appends to `instance` events with `text_bytes` bytes of text.
  CallFlood(const std::string& target, std::string instance, size_t text_bytes);
  // Waits until all calls are answered.
  ~CallFlood();
  CallFlood(const CallFlood&) = delete;
  CallFlood& operator=(const CallFlood&) = delete;

  // Keeps `calls` calls in flight for `time`. Returns how many bytes were stored per second, once all are answered.
  double Measure(size_t calls, absl::Duration time, Tally& tally);
  // Makes `calls_per_second` until `over`; fewer if the client is too slow for that, or while kCallsMax are in flight.
  // Returns once all are answered.
  void Run(double calls_per_second, const std::atomic<bool>& over, Tally& tally);

  // The number at each acknowledged cursor, from cursor 1 on; 0 where none was acknowledged.
  std::vector<uint64_t> stored() const ABSL_LOCKS_EXCLUDED(mu_);

  // gRPC 1.51 has an unbounded queue for calls that arrive faster than its threads take them (docs/reliability.md).
  static constexpr size_t kCallsMax = 3000;

 private:
  struct Call;

  void Offer(Tally& tally) ABSL_LOCKS_EXCLUDED(mu_);
  void OnAnswer(const Call& call, const grpc::Status& status) ABSL_LOCKS_EXCLUDED(mu_);
  void AwaitFewerThan(size_t calls) ABSL_LOCKS_EXCLUDED(mu_);

  const GrpcEndpoint endpoint_;
  const std::unique_ptr<v1::EventLog::Stub> stub_;
  const std::string instance_;
  const size_t text_bytes_;
  uint64_t offered_ = 0;
  mutable absl::Mutex mu_;
  size_t under_way_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<uint64_t> stored_ ABSL_GUARDED_BY(mu_);  // As stored().
};

}  // namespace playhead::testing

#endif  // PLAYHEAD_TESTS_FAULTS_LOAD_CALL_FLOOD_H_
