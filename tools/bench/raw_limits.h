// Measures the machine without a broker, to compare the broker's figures with.
//
// All functions block for about the time asked for.
#ifndef PLAYHEAD_TOOLS_BENCH_RAW_LIMITS_H_
#define PLAYHEAD_TOOLS_BENCH_RAW_LIMITS_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "tools/bench/corpus.h"
#include "tools/bench/latency_histogram.h"

namespace playhead::tools {

struct RawThroughput {
  uint64_t events = 0;
  uint64_t payload_bytes = 0;
  absl::Duration elapsed;
};

// Repeatedly writes and syncs 4 KiB in a file in `folder`.
absl::StatusOr<LatencyHistogram> MeasureSync(const std::string& folder, absl::Duration duration);

// Writes the corpus in blocks of 64 KiB into a RocksDB in `folder`, in batches of 4 MiB that are each synced, from one
// thread, until that many events are stored.
absl::StatusOr<RawThroughput> MeasureRocksDb(const std::string& folder, const Corpus& corpus, uint64_t events);

// Streams messages of 512 KiB of encoded events over loopback from a gRPC server to a client, both in this process.
// Neither parses them.
absl::StatusOr<RawThroughput> MeasureGrpcStream(const Corpus& corpus, uint64_t events);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_RAW_LIMITS_H_
