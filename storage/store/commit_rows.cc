#include "storage/store/commit_rows.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {

CommitRows::CommitRows(const Store& store) : row_(store.NewIterator(store.family(Family::kCommits))) {}

void CommitRows::Seek(CommitPosition position) { row_->Seek(CommitKey(position)); }

absl::Status CommitRows::status() const { return ReadError(row_->status(), "reading the commits"); }

CommitPosition CommitRows::position() const { return CommitPosition(DecodeBigEndian(FromSlice(row_->key()))); }

absl::StatusOr<std::vector<CommitRange>> CommitRows::ranges() const {
  constexpr size_t kRangeBytes = 3 * sizeof(uint64_t);
  RecordReader reader(FromSlice(row_->value()));
  std::vector<CommitRange> ranges(row_->value().size() / kRangeBytes);
  bool sound = row_->value().size() % kRangeBytes == 0;
  for (CommitRange& range : ranges) {
    range.instance = InstanceNumber(reader.Get<uint64_t>());
    range.first = Cursor(reader.Get<uint64_t>());
    range.last = Cursor(reader.Get<uint64_t>());
    sound =
        sound && range.first.sequence() > 0 && range.first <= range.last && range.first.epoch() == range.last.epoch();
  }
  if (!sound) {
    return MakeError(Reason::kDataLoss, absl::StrCat("the row of commit ", position().value(), " is damaged"));
  }
  // Rows of older builds are not in this order, on which readers rely.
  const auto by_number = [](const CommitRange& a, const CommitRange& b) { return a.instance < b.instance; };
  if (!std::is_sorted(ranges.begin(), ranges.end(), by_number)) std::sort(ranges.begin(), ranges.end(), by_number);
  return ranges;
}

}  // namespace playhead::storage
