#include "tests/support/batches.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "storage/append_builder.h"
#include "tests/support/await.h"

namespace playhead::testing {
namespace {

[[noreturn]] void Abort(const absl::Status& status) {
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  std::abort();
}

}  // namespace

storage::AppendBatch MakeBatch(absl::string_view instance, absl::Span<const NewEvent> events) {
  auto batch =
      storage::BuildAppendBatch(instance, events, {.event_bytes_max = storage::kEventBytesCeiling, .own_types = true});
  if (!batch.ok()) Abort(batch.status());
  return *std::move(batch);
}

storage::Cursor AppendAndWait(storage::EventLog& log, absl::string_view instance, absl::Span<const NewEvent> events) {
  const auto session = log.NewAppendSession();
  const auto result =
      Await<storage::AppendResult>([&](auto done) { session->Append(MakeBatch(instance, events), std::move(done)); });
  if (!result.ok()) Abort(result.status());
  return result->head;
}

storage::Cursor AppendNumbered(storage::EventLog& log, absl::string_view instance, uint64_t first, uint64_t count,
                               absl::string_view type, size_t data_bytes) {
  std::vector<std::string> data;
  std::vector<NewEvent> events;
  data.reserve(count);
  for (uint64_t i = 0; i < count; ++i) {
    data.push_back(absl::StrCat(first + i));
    if (data.back().size() < data_bytes) data.back().resize(data_bytes, ' ');
    events.push_back({.type = type, .data = data.back()});
  }
  return AppendAndWait(log, instance, events);
}

std::vector<EventView> EventsIn(absl::Span<const storage::BlockSlice> slices) {
  std::vector<EventView> events;
  for (const storage::BlockSlice& slice : slices) {
    absl::string_view bytes = slice.bytes;
    while (const auto event = ConsumeEvent(bytes)) {
      if (!events.emplace_back().Parse(*event)) Abort(absl::DataLossError("an event's bytes are malformed"));
    }
    if (!bytes.empty()) Abort(absl::DataLossError("a slice's bytes are malformed"));
  }
  return events;
}

}  // namespace playhead::testing
