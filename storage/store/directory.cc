#include "storage/store/directory.h"

#include <memory>

#include "storage/key_codec.h"
#include "storage/record_codec.h"
#include "storage/store/rocksdb_status.h"

namespace playhead::storage {

absl::StatusOr<std::vector<InstanceDirectory>> ReadDirectory(const Store& store, InstanceNumber from,
                                                             size_t entries_max) {
  std::vector<InstanceDirectory> page;
  size_t entries = 0;
  const auto row = store.NewIterator(store.family(Family::kDirectory));
  for (row->Seek(InstanceKey(from)); row->Valid(); row->Next(), ++entries) {
    const absl::string_view key = FromSlice(row->key());
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
