#include "storage/append_builder.h"

#include <memory>
#include <string>
#include <utility>

namespace playhead::storage {
namespace {

// Fields 1 and 2 of playhead.v1.AppendRequest, length-delimited.
constexpr char kInstanceTag = 1 << 3 | 2;
constexpr char kRequestEventsTag = 2 << 3 | 2;

}  // namespace

absl::StatusOr<AppendBatch> BuildAppendBatch(absl::string_view instance, absl::Span<const NewEvent> events,
                                             const AppendLimits& limits) {
  auto request = std::make_shared<std::string>();
  request->push_back(kInstanceTag);
  AppendVarint(instance.size(), *request);
  request->append(instance.data(), instance.size());
  for (const NewEvent& event : events) AppendEvent(event, kRequestEventsTag, *request);
  const absl::string_view bytes = *request;
  return ParseAppendRequest(bytes, std::move(request), limits);
}

}  // namespace playhead::storage
