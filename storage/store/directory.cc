#include "storage/store/directory.h"

#include <memory>

#include "proto/errors.h"
#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {

bool IsBlockKey(absl::string_view key) {
  if (key.size() != kBlockKeyBytes) return false;
  // The highest number has no end key, and is never assigned to an instance.
  return InstanceKeyEnd(InstanceNumber(DecodeBigEndian(key.substr(0, kInstanceKeyBytes)))) > key;
}

absl::StatusOr<std::vector<InstanceDirectory>> ReadDirectory(const Store& store, InstanceNumber from,
                                                             size_t entries_max) {
  std::vector<InstanceDirectory> page;
  size_t entries = 0;
  const auto row = store.NewIterator(store.family(Family::kDirectory));
  for (row->Seek(InstanceKey(from)); row->Valid(); row->Next(), ++entries) {
    const absl::string_view key = FromSlice(row->key());
    if (!IsBlockKey(key)) return MakeError(Reason::kDataLoss, "an entry of the directory is malformed");
    const InstanceNumber instance(DecodeBigEndian(key.substr(0, kInstanceKeyBytes)));
    if (page.empty() || page.back().instance != instance) {
      if (entries >= entries_max) break;
      page.push_back({instance, {}});
    }
    page.back().entries.push_back({BlockKeyCursor(key), RecordReader(FromSlice(row->value())).Get<uint32_t>()});
  }
  if (!row->status().ok()) return ReadError(row->status(), "reading the directory");
  return page;
}

}  // namespace playhead::storage
