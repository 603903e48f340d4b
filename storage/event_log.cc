#include "storage/event_log.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "proto/errors.h"

namespace playhead::storage {
namespace {

bool IsNameCharacter(char c) {
  return absl::ascii_isalnum(static_cast<unsigned char>(c)) || absl::StrContains("._:@+-", absl::string_view(&c, 1));
}

bool IsName(absl::string_view text, size_t bytes_max) {
  return !text.empty() && text.size() <= bytes_max && std::all_of(text.begin(), text.end(), IsNameCharacter);
}

}  // namespace

absl::Status LogBounds::CheckStart(Cursor after) const {
  const Cursor last_good = epochs.LastGood(after, head);
  if (last_good != after) {
    return MakeError(Reason::kCursorDiverged,
                     absl::StrCat("cursor ", after.value(), " is not of this log: its history and the log agree up to ",
                                  last_good.value(), ", and the log's head is ", head.value()),
                     {.first = first.value(), .head = head.value(), .last_good = last_good.value()});
  }
  if (first != Cursor() && after.sequence() + 1 < first.sequence()) {
    return MakeError(
        Reason::kCursorTrimmed,
        absl::StrCat("events behind cursor ", after.value(), " are no longer kept: the first kept is ", first.value()),
        {.first = first.value(), .head = head.value()});
  }
  return absl::OkStatus();
}

absl::Status CheckInstanceName(absl::string_view name) {
  if (IsName(name, kInstanceNameBytesMax)) return absl::OkStatus();
  return MakeError(Reason::kInstanceNameInvalid,
                   absl::StrCat("an instance's name has 1 to ", kInstanceNameBytesMax,
                                " bytes of [A-Za-z0-9._:@+-]; this one has ", name.size(), " bytes"));
}

absl::Status CheckAppendBatch(const AppendBatch& batch) {
  if (absl::Status status = CheckInstanceName(batch.instance); !status.ok()) return status;
  if (batch.events.empty()) return MakeError(Reason::kBatchEmpty, "a batch has at least one event");
  if (batch.dedup_window && (*batch.dedup_window < absl::Milliseconds(1) || *batch.dedup_window > kDedupWindowMax)) {
    return MakeError(Reason::kMalformedRequest,
                     absl::StrCat("ids are remembered for 1 ms to ", absl::FormatDuration(kDedupWindowMax)));
  }
  if (!batch.producer) return absl::OkStatus();
  if (!IsName(batch.producer->producer_id, kProducerIdBytesMax)) {
    return MakeError(Reason::kProducerInvalid,
                     absl::StrCat("a producer's id has 1 to ", kProducerIdBytesMax, " bytes of [A-Za-z0-9._:@+-]"));
  }
  if (batch.producer->sequence == 0 || batch.producer->sequence > kProducerSequenceMax) {
    return MakeError(Reason::kProducerInvalid, absl::StrCat("a producer's sequence is 1 to ", kProducerSequenceMax));
  }
  return absl::OkStatus();
}

}  // namespace playhead::storage
