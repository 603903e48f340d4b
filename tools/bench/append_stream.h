// Keeps an AppendStream busy: batches of the corpus, a fixed number in flight, each with a producer identity.
#ifndef PLAYHEAD_TOOLS_BENCH_APPEND_STREAM_H_
#define PLAYHEAD_TOOLS_BENCH_APPEND_STREAM_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "client/connection.h"
#include "tools/bench/corpus.h"
#include "tools/bench/latency_histogram.h"

namespace playhead::tools {

struct AppendLoad {
  std::vector<std::string> instances;  // Each batch goes to the next one.
  std::string producer_id;
  uint32_t batch = 512;
  uint32_t inflight = 16;  // Batches in flight.
  uint64_t events = 0;     // To append in total; 0: until `deadline`.
  absl::Time deadline = absl::InfiniteFuture();
};

struct AppendOutcome {
  uint64_t events = 0;  // Acknowledged.
  uint64_t payload_bytes = 0;
  LatencyHistogram ack;  // From the write of a batch to its reply.
  absl::Time end;        // Of the last reply.
  std::vector<uint64_t> events_by_second;
  absl::Status status;
};

// Thread safety: see AppendObserver; only one thread may call Start and Wait.
class AppendStreamLoad : public AppendObserver, public std::enable_shared_from_this<AppendStreamLoad> {
 public:
  // `corpus` must outlive the stream.
  AppendStreamLoad(const Corpus* corpus, AppendLoad load);

  void Start(Connection& connection) ABSL_LOCKS_EXCLUDED(mu_);
  // Blocks until the stream has ended.
  AppendOutcome Wait() ABSL_LOCKS_EXCLUDED(mu_);

  void OnWritten() override ABSL_LOCKS_EXCLUDED(mu_);
  void OnReply(v1::AppendStreamResponse reply) override ABSL_LOCKS_EXCLUDED(mu_);
  void OnDone(absl::Status status) override ABSL_LOCKS_EXCLUDED(mu_);

 private:
  struct InFlight {
    absl::Time sent;
    uint64_t payload_bytes;
  };

  // Writes the next batch, or ends the stream, if the state allows.
  void WriteNext() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mu_);

  const Corpus* const corpus_;
  const AppendLoad load_;

  absl::Mutex mu_;
  std::shared_ptr<AppendCall> call_ ABSL_GUARDED_BY(mu_);
  absl::Time start_ ABSL_GUARDED_BY(mu_);
  bool writing_ ABSL_GUARDED_BY(mu_) = false;
  bool writes_done_ ABSL_GUARDED_BY(mu_) = false;
  bool done_ ABSL_GUARDED_BY(mu_) = false;
  uint64_t batches_ ABSL_GUARDED_BY(mu_) = 0;
  uint64_t events_sent_ ABSL_GUARDED_BY(mu_) = 0;
  std::vector<uint64_t> sequences_ ABSL_GUARDED_BY(mu_);  // The next one of each instance.
  std::deque<InFlight> in_flight_ ABSL_GUARDED_BY(mu_);
  AppendOutcome outcome_ ABSL_GUARDED_BY(mu_);
};

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_APPEND_STREAM_H_
