// What the machine can do without a broker: the figures that the broker's are compared with.
//
// All block for about the time asked for.
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

// Writes and syncs 4 KiB, over and over, in a file in `folder`.
absl::StatusOr<LatencyHistogram> MeasureSync(const std::string& folder, absl::Duration duration);

// Writes the corpus in blocks of 64 KiB into a RocksDB in `folder`, 4 MiB a batch, each batch synced, from one thread,
// until so many events are stored.
absl::StatusOr<RawThroughput> MeasureRocksDb(const std::string& folder, const Corpus& corpus, uint64_t events);

// Streams messages of 512 KiB of encoded events from a gRPC server to a client, over loopback, both in this process and
// neither looking into them.
absl::StatusOr<RawThroughput> MeasureGrpcStream(const Corpus& corpus, uint64_t events);

}  // namespace playhead::tools

#endif  // PLAYHEAD_TOOLS_BENCH_RAW_LIMITS_H_
