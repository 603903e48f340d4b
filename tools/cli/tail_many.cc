#include "tools/cli/tail_many.h"

#include <algorithm>
#include <cstdio>
#include <limits>
#include <string>

#include "tools/cli/event_printer.h"
#include "tools/cli/notices.h"

namespace playhead::tools {

absl::Status TailMany(ManySubscription& subscription, bool json, std::optional<uint64_t> count) {
  const EventPrinter printer({.json = json, .show_instance = true});
  uint64_t left = count.value_or(std::numeric_limits<uint64_t>::max());
  absl::Status written;
  subscription.OnGap([&](absl::string_view instance, const v1::Gap& gap) {
    if (instance.empty()) {
      std::fprintf(stderr, "playhead: part of the order of old events is forgotten: some may be missing\n");
    } else {
      written.Update(WriteOut(FormatGap(instance, gap, json)));
    }
  });
  const std::string given = subscription.position();
  ManyBatch batch;
  absl::Status status;
  bool is_behind_all = true;  // Whether the position is after everything printed.
  while ((left > 0 || !is_behind_all) && written.ok() && (status = subscription.NextBatch(batch)).ok()) {
    const std::string before = subscription.position();
    std::string out;
    for (const EventView& event : batch.events) printer.Format(batch.instance, event, out);
    left -= std::min<uint64_t>(left, batch.events.size());
    written.Update(WriteOut(out));
    if (!written.ok()) break;
    subscription.NoteHandled();
    // If a part comes in pieces, only the last one moves the position.
    is_behind_all = subscription.position() != before;
  }
  const std::string position = subscription.position();
  // Do not suggest a position that the broker has refused or never seen.
  const bool was_open = status.ok() || absl::IsCancelled(status) || position != given;
  if (was_open && !position.empty()) std::fprintf(stderr, "playhead: go on with --position=%s\n", position.c_str());
  if (!written.ok() && !IsOutputClosed(written)) return written;
  return absl::IsCancelled(status) ? absl::OkStatus() : status;
}

}  // namespace playhead::tools
