// The cost of the mapping: all messages and statuses of the corpus in turn. The reported time is for one event.
//
//   bazel run //tests/proto/whatsapp:content_bench

#include <benchmark/benchmark.h>

#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "broker/webhook/body.h"
#include "proto/whatsapp/content.h"

namespace playhead::whatsapp {
namespace {

// The data of the corpus's events whose type starts with `prefix`.
std::vector<std::string> EventsOf(absl::string_view prefix) {
  std::ifstream corpus("tests/data/meta_webhooks.ndjson");
  std::vector<std::string> data;
  for (std::string body; std::getline(corpus, body);) {
    const auto events = broker::webhook::SplitBody(body);
    for (const broker::webhook::BodyEvent& event : *events) {
      if (absl::StartsWith(event.type, prefix)) data.push_back(event.data());
    }
  }
  return data;
}

template <auto kParse>
void Run(benchmark::State& state, absl::string_view prefix) {
  const std::vector<std::string> data = EventsOf(prefix);
  size_t next = 0;
  int64_t bytes = 0;
  for (auto _ : state) {
    const auto parsed = kParse(data[next]);
    if (!parsed.ok()) state.SkipWithError("an event was not parsed");
    bytes += static_cast<int64_t>(data[next].size());
    next = next + 1 == data.size() ? 0 : next + 1;
  }
  state.SetItemsProcessed(state.iterations());
  state.SetBytesProcessed(bytes);
}

void BM_ParseMessage(benchmark::State& state) { Run<ParseMessage>(state, "message."); }
void BM_ParseStatus(benchmark::State& state) { Run<ParseStatus>(state, "status."); }

BENCHMARK(BM_ParseMessage);
BENCHMARK(BM_ParseStatus);

}  // namespace
}  // namespace playhead::whatsapp

BENCHMARK_MAIN();
