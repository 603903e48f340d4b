#include "storage/verify/block_check.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "proto/event_wire.h"

namespace playhead::storage {
namespace {

absl::Status Wrong(const Block& block, absl::string_view what) {
  return MakeError(Reason::kDataLoss, absl::StrCat("the block that ends with ", block.last().value(), ": ", what));
}

// Tries the last entry found first, because runs of one type are common.
class SummaryReader {
 public:
  explicit SummaryReader(const TypeSummary& summary) : summary_(summary) {}

  bool Has(const EventView& event) {
    if (summary_.many()) return !IsHiddenType(event.type) || summary_.hidden();
    absl::string_view dialect;
    for (const auto& [key, value] : event.attributes) {
      if (key == "dialect") dialect = value;
    }
    const auto& entries = summary_.entries();
    const auto is_it = [&](const TypeSummary::Entry& entry) {
      return entry.type == event.type && entry.dialect == dialect;
    };
    if (last_ < entries.size() && is_it(entries[last_])) return true;
    const auto found = std::find_if(entries.begin(), entries.end(), is_it);
    last_ = static_cast<size_t>(found - entries.begin());
    return found != entries.end();
  }

 private:
  const TypeSummary& summary_;
  size_t last_ = 0;
};

}  // namespace

absl::Status CheckBlockContent(const Block& block) {
  const BlockHeader& header = block.header();
  if (header.last_appended_at < header.first_appended_at) return Wrong(block, "its times fall");
  absl::string_view body = block.body();
  SummaryReader summary(header.types);
  Timestamp appended_at = header.first_appended_at;
  uint32_t count = 0;
  EventView event;
  while (const auto bytes = ConsumeEvent(body)) {
    if (!event.Parse(*bytes)) return Wrong(block, absl::StrCat("event ", count + 1, " of it does not parse"));
    if (Cursor(event.cursor) != header.first + count) {
      return Wrong(block, absl::StrCat("event ", count + 1, " of it has the cursor ", event.cursor));
    }
    if (Timestamp(event.appended_at) < appended_at) return Wrong(block, "its times fall");
    appended_at = Timestamp(event.appended_at);
    if (!summary.Has(event)) return Wrong(block, absl::StrCat("its summary lacks the type of ", event.cursor));
    ++count;
  }
  if (!body.empty()) return Wrong(block, "its body is malformed");
  if (count != header.event_count)
    return Wrong(block, absl::StrCat("it counts ", header.event_count, " events and has ", count));
  if (appended_at != header.last_appended_at) return Wrong(block, "its last time is another than its last event's");
  return absl::OkStatus();
}

}  // namespace playhead::storage
