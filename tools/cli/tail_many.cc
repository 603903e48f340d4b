#include "tools/cli/tail_many.h"

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
  ManyBatch batch;
  // Only a batch that was printed whole is behind the position: the rest of one that --count cuts comes again.
  std::string position;
  absl::Status status;
  while (left > 0 && written.ok() && status.ok()) {
    status = subscription.NextBatch(batch);
    if (position.empty()) position = subscription.position();
    if (!status.ok()) break;
    std::string out;
    bool whole = true;
    for (const EventView& event : batch.events) {
      if (left == 0) {
        whole = false;
        break;
      }
      printer.Format(batch.instance, event, out);
      --left;
    }
    written.Update(WriteOut(out));
    if (written.ok() && whole) {
      subscription.NoteHandled();
      position = subscription.position();
    }
  }
  if (!position.empty()) std::fprintf(stderr, "playhead: go on with --position=%s\n", position.c_str());
  if (!written.ok() && !IsOutputClosed(written)) return written;
  return absl::IsCancelled(status) ? absl::OkStatus() : status;
}

}  // namespace playhead::tools
