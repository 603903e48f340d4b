// The cost of a filter per event examined. Stored blocks are decoded and sliced as in a replay: without a filter, with
// filters that pass everything, and with one that passes one event in a thousand.
//
//   bazel run //tests/bench:filter_bench
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/block.h"
#include "storage/event_filter.h"

namespace playhead::storage {
namespace {

constexpr int kBlocks = 200;
constexpr size_t kDataBytes = 586;  // The median of the webhook corpus.

// An encoded event: type and data, as a publisher sends it.
std::string EncodeEvent(const std::string& type, const std::string& data) {
  std::string event;
  event.push_back(1 << 3 | 2);
  event.push_back(static_cast<char>(type.size()));
  event += type;
  event.push_back(3 << 3 | 2);
  event.push_back(static_cast<char>((data.size() & 0x7f) | 0x80));
  event.push_back(static_cast<char>(data.size() >> 7));
  event += data;
  return event;
}

// Stored blocks of about 64 KiB with `type_count` types in turn, and one event in a thousand of type "rare".
std::vector<std::string> StoredBlocks(int type_count) {
  std::mt19937_64 random(1);  // Digits compress about as the corpus does.
  const auto new_data = [&random] {
    std::string data;
    while (data.size() < kDataBytes) absl::StrAppend(&data, "{\"id\":\"", random() % 100'000'000, "\"}");
    return data;
  };
  std::vector<std::string> stored;
  Cursor next(1);
  for (int i = 0; i < kBlocks; ++i) {
    BlockBuilder builder(InstanceNumber(1), next, CommitPosition(static_cast<uint64_t>(i) + 1), 0);
    while (builder.body_bytes() < kBlockBytesTarget) {
      const std::string type = next.value() % 1000 == 0
                                   ? "rare"
                                   : absl::StrCat("message.", next.value() % static_cast<uint64_t>(type_count));
      builder.Add(EncodeEvent(type, new_data()), type, "", Timestamp(1));
      next = next + 1;
    }
    const auto block = std::move(builder).Finish();
    const EncodedBlock encoded = EncodeBlock(*block, Codec::kLz4);
    stored.push_back(encoded.header +
                     (encoded.compressed_body.empty() ? std::string(block->body()) : encoded.compressed_body));
  }
  return stored;
}

void Replay(benchmark::State& state, int type_count, std::vector<absl::string_view> types) {
  const std::vector<std::string> stored = StoredBlocks(type_count);
  const auto filter = EventFilter::Make(types);
  if (!filter.ok()) std::abort();
  size_t events = 0;
  for (auto _ : state) {
    for (const std::string& bytes : stored) {
      const auto block = Block::Decode(InstanceNumber(1), bytes);
      if (!block.ok()) std::abort();
      ReadBudget budget{std::numeric_limits<uint32_t>::max(), std::numeric_limits<size_t>::max()};
      std::vector<BlockSlice> slices;
      benchmark::DoNotOptimize(
          SliceBlock(*block, Cursor((*block)->first().value() - 1), (*block)->last(), *filter, budget, slices));
      events += (*block)->header().event_count;
    }
  }
  state.SetItemsProcessed(static_cast<int64_t>(events));
}

BENCHMARK_CAPTURE(Replay, few_types_no_filter, 8, {});
BENCHMARK_CAPTURE(Replay, few_types_all, 8, {"*"});
BENCHMARK_CAPTURE(Replay, few_types_all_by_prefix, 8, {"message.*", "rare"});
BENCHMARK_CAPTURE(Replay, few_types_rare, 8, {"rare"});
BENCHMARK_CAPTURE(Replay, many_types_no_filter, 60, {});
BENCHMARK_CAPTURE(Replay, many_types_all, 60, {"*"});
BENCHMARK_CAPTURE(Replay, many_types_all_by_prefix, 60, {"message.*", "rare"});
BENCHMARK_CAPTURE(Replay, many_types_rare, 60, {"rare"});

}  // namespace
}  // namespace playhead::storage

BENCHMARK_MAIN();
